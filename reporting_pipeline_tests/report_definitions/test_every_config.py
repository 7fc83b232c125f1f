"""Every config that is not refused runs, on every dataset, and grouping loses no amount."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.exports.row_spool import canonical, psycopg_statement
from reporting_pipeline.registry.columns import Column, ColumnKind, ColumnType
from reporting_pipeline.registry.datasets import DATASETS, Dataset
from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.conditions import Query
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import invalid_fields, parse_config
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_EXAMPLES = {
    ColumnType.BIGINT: (0, 1, -5),
    ColumnType.BOOLEAN: (True, False),
    ColumnType.CURRENCY: ("EUR", "JPY"),
    ColumnType.DATE: ("2025-03-01", "2025-09-15"),
    ColumnType.INSTANT: ("2025-03-01T00:00:00Z", "2025-09-15T12:00:00+02:00"),
    ColumnType.RATIO: ("0.5", 1),
    ColumnType.TEXT: ("a", "'; drop table x --"),
    ColumnType.UUID: (str(UUID(int=1)), str(UUID(int=2))),
    ColumnType.UUIDS: (),
}
_WHOLE = Period(first=date(2025, 1, 1), end=date(2027, 1, 1))


@pytest.fixture(scope="module")
def connection(shared_season_pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        yield connection


@pytest.fixture(scope="module")
def organization_id(connection: psycopg.Connection) -> UUID:
    found = connection.execute(
        "select organization_id from reporting.report_sales_daily limit 1"
    ).fetchone()
    assert found is not None
    return UUID(str(found[0]))


def _comparisons(column: Column) -> st.SearchStrategy[dict[str, Any]]:
    values = st.sampled_from(column.values or _EXAMPLES[column.type] or ("none",))
    return st.one_of(
        st.builds(lambda v: {"column": column.name, "operator": "=", "value": v}, values),
        st.builds(
            lambda word, v: {"column": column.name, "operator": word, "values": v},
            st.sampled_from(("in", "not_in")),
            st.lists(values, min_size=1, max_size=3),
        ),
        st.builds(lambda v: {"column": column.name, "operator": "range", "from": v}, values),
        st.builds(
            lambda v: {"column": column.name, "operator": "is_null", "value": v}, st.booleans()
        ),
    )


@st.composite
def configs(draw: st.DrawFn) -> ReportConfig:
    """A config for any dataset: many are refused, and the others must run."""
    source = draw(st.sampled_from(DATASETS))
    names = [column.name for column in source.columns]
    columns = draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True))
    group_by = draw(st.just([]) | _groups(source, columns))
    comparisons = st.sampled_from(source.columns).flatmap(_comparisons)
    grouped = st.builds(lambda each: {"or": each}, st.lists(comparisons, min_size=1, max_size=3))
    sortable = sorted({*columns, *group_by}) if group_by else names
    return parse_config(
        {
            "dataset": source.name,
            "columns": columns,
            "group_by": group_by,
            "filters": draw(st.lists(comparisons | grouped, max_size=2)),
            "having": draw(st.lists(comparisons, max_size=1)) if group_by else [],
            "sort": [
                {"column": name, "descending": draw(st.booleans())}
                for name in draw(st.lists(st.sampled_from(sortable), max_size=2, unique=True))
            ],
            "period": "month",
        }
    )


def _groups(source: Dataset, columns: list[str]) -> st.SearchStrategy[list[str]]:
    """The columns by which such a report must be grouped, and some more of the key."""
    kinds = {ColumnKind.KEY, ColumnKind.ATTRIBUTE}
    shown = [name for name in columns if source.column(name).kind in kinds]
    keys = [name for name in source.key if name not in shown]
    more = st.lists(st.sampled_from(keys), unique=True) if keys else st.just([])
    return more.map(lambda further: [*shown, *further])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(config=configs())
def test_a_config_that_is_not_refused_runs(
    config: ReportConfig, connection: psycopg.Connection, organization_id: UUID
) -> None:
    if faults := invalid_fields(config):
        with pytest.raises(DefinitionInvalid, match=r"^a report of dataset \w+: "):
            compile_report(config, organization_id, _WHOLE)
        assume(not faults)
    report = compile_report(config, organization_id, _WHOLE)

    rows = _found(connection, report.rows)

    assert _found(connection, report.count) == [(len(rows),)]
    assert len(_found(connection, canonical(report))) == len(rows)
    if report.totals is not None and not config.having and not depends_on_history(config):
        alike = config.model_copy(update={"group_by": (), "sort": ()})
        ungrouped = compile_report(alike, organization_id, _WHOLE).totals
        assert ungrouped is not None
        assert _found(connection, report.totals) == _found(connection, ungrouped)
    names = [column.name for column in report.columns]
    keys = [tuple(str(row[names.index(name)]) for name in report.key) for row in rows]
    assert not report.key or len(set(keys)) == len(keys)


def _found(connection: psycopg.Connection, query: Query) -> list[tuple[Any, ...]]:
    statement, parameters = psycopg_statement(query)
    return connection.execute(statement.encode(), parameters).fetchall()
