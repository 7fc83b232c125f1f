"""The graph that is read without dbt is the graph of dbt's manifest."""

import pytest

from reporting_pipeline.building.dbt import parsed_project
from reporting_pipeline.registry.dbt_models import DbtModel, dbt_models, dbt_sources

MODELS = {model.relation.name: model for model in dbt_models()}


def test_every_model_and_source_table_of_dbt_is_known_by_its_relation() -> None:
    manifest = parsed_project()
    nodes = [each for key, each in manifest.nodes.items() if key.startswith("model.")]

    assert {(node.schema, node.name) for node in nodes} == {m.relation for m in dbt_models()}
    tables = {(each.schema, each.name) for each in manifest.sources.values()}
    assert tables == set(dbt_sources())


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_reads_what_dbt_says_it_depends_on(model: DbtModel) -> None:
    manifest = parsed_project()
    node = manifest.nodes[f"model.reporting.{model.relation.name}"]
    parents = [manifest.nodes.get(key) or manifest.sources[key] for key in node.depends_on_nodes]

    assert {(parent.schema, parent.name) for parent in parents} == set(model.reads)
    assert model.sql_path.name == node.original_file_path.rpartition("/")[2]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_has_a_description_and_files(model: DbtModel) -> None:
    assert model.description
    assert model.sql_path.is_file()
    assert model.yaml_path.is_file()
