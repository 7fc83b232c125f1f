"""The descriptions in the dbt project are complete and agree with the warehouse."""

import psycopg
import pytest
from dbt.contracts.graph.nodes import GenericTestNode, ModelNode

from reporting_pipeline.building.dbt import parsed_project
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landing.incoming import landing_name
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_COLUMNS = """
    select
        relnamespace::regnamespace::text || '.' || relname,
        array_agg(attname || ' ' || format_type(atttypid, atttypmod) order by attnum)
    from pg_class
    inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where relnamespace = any(%s::regnamespace[]) and relkind in ('r', 'p', 'v')
    group by 1
"""


@pytest.fixture
def relations(pipeline: Pipeline) -> dict[str, list[str]]:
    """Relation -> its columns with their types, as the warehouse has them."""
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        schemas = ["landing", "staging", "intermediate"]
        return dict(connection.execute(_COLUMNS, [schemas]).fetchall())


def test_sources_are_the_landing_tables_with_all_their_columns(
    relations: dict[str, list[str]],
) -> None:
    described = {
        f"landing.{source.name}": sorted(
            f"{column.name} {column.data_type}" for column in source.columns.values()
        )
        for source in parsed_project().sources.values()
        if source.source_name == "landing"
    }

    assert described == {name: sorted(relations[name]) for name in described}
    assert described.keys() >= {f"landing.{landing_name(table)}" for table in TABLES}


def test_views_have_the_described_columns(relations: dict[str, list[str]]) -> None:
    described = {
        f"{model.schema}.{model.name}": [
            f"{column.name} {column.data_type}" for column in model.columns.values()
        ]
        for model in parsed_project().nodes.values()
        if model.config.materialized == "view" and model.schema == "staging"
    }

    assert described == {name: relations[name] for name in described}


def test_every_source_has_a_freshness() -> None:
    unread = [
        source.name
        for source in parsed_project().sources.values()
        if source.name in map(landing_name, TABLES) and not source.has_freshness
    ]

    assert unread == []


def test_exposures_are_the_shipped_reports() -> None:
    exposed = {
        exposure.meta["definition"]: (exposure.label, exposure.depends_on.nodes)
        for exposure in parsed_project().exposures.values()
    }

    assert exposed == {
        definition.slug: (
            definition.name,
            [f"model.reporting.{each}" for each in definition.config.datasets],
        )
        for definition in read_folder(STARTER_SET)
    }


def test_every_model_is_described() -> None:
    models = _models()

    assert [model.name for model in models if not model.description] == []
    assert [
        f"{model.name}.{column.name}"
        for model in models
        for column in model.columns.values()
        if not column.description and "like" not in column.config.meta
    ] == []


def test_every_view_tests_its_key() -> None:
    tested = {
        test.attached_node
        for test in parsed_project().nodes.values()
        if isinstance(test, GenericTestNode)
        and test.test_metadata.name in {"unique", "key_is_unique"}
    }

    untested = {
        model.name
        for model in _models()
        if model.config.materialized == "view" and model.unique_id not in tested
    }
    assert untested == {"stg_landing__touched_days"}


def _models() -> list[ModelNode]:
    return [node for node in parsed_project().nodes.values() if isinstance(node, ModelNode)]
