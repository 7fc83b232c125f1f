"""The metadata of a built day: row counts, previews and lineage."""

import dagster as dg

from reporting_pipeline.building.dbt import parsed_project
from reporting_pipeline.orchestration.assets.tables import markdown_table
from reporting_pipeline.registry.report_tables import REPORT_TABLES, report_table

KEY = dg.AssetKey("report_sales_daily")
SEALS = dg.AssetKey("report_seals")


def _built(
    defs: dg.Definitions, first: str, last: str
) -> dict[str | None, dg.AssetMaterialization]:
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, tags=tags, asset_selection=[KEY])
        found = result.asset_materializations_for_node("report_tables")
    # The step also seals the days that it has built.
    assert {each.asset_key for each in found} == {KEY, SEALS}
    return {each.partition: each for each in found if each.asset_key == KEY}


def test_each_day_of_a_range_has_its_own_row_count_and_preview(defs: dg.Definitions) -> None:
    built = _built(defs, "2025-08-31", "2025-09-01")

    empty, full = built["2025-08-31"].metadata, built["2025-09-01"].metadata
    assert empty["dagster/partition_row_count"].value == 0
    assert "preview" not in empty
    assert full["dagster/partition_row_count"].value == 2
    # Both days were replaced together: each shows its share, not the duration of the run.
    assert full["run_day_count"].value == 2
    assert full["mean_day_seconds"] == empty["mean_day_seconds"]
    assert "seconds" not in full
    lines = str(full["preview"].value).splitlines()
    columns = report_table("report_sales_daily").column_names
    assert lines[0] == f"| {' | '.join(columns)} |"
    assert len(lines) == 2 + 2
    assert "| 2025-09-01 |" in lines[2]


def test_a_table_depends_only_on_tables_that_its_model_reads() -> None:
    nodes = parsed_project().nodes
    models = {node.name: key for key, node in nodes.items() if key.startswith("model.")}

    def landing_tables(key: str) -> set[str]:
        if key.startswith("source."):
            return {key.rpartition(".")[2]}
        return set().union(*(map(landing_tables, nodes[key].depends_on_nodes)))

    for table in REPORT_TABLES:
        named = {source.partition(".")[0] for c in table.columns for source in c.sources}
        assert named <= landing_tables(models[table.name])


def test_a_preview_shows_nulls_empty_and_keeps_bars_and_line_breaks_in_their_cells() -> None:
    text = markdown_table(("a", "b"), [(None, "x|y\nz")])

    assert text == "| a | b |\n| --- | --- |\n|  | x\\|y z |"
