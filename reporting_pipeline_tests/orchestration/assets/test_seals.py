"""A run seals the days that it builds, whatever assets a person selects."""

from datetime import date

import dagster as dg
import psycopg
import pytest

from reporting_pipeline.checks.checks import CHECKS, checks_of
from reporting_pipeline_tests.orchestration.shown import shown

REVENUE = dg.AssetKey("report_revenue_daily")
FIRST, LAST = "2025-09-01", "2025-09-03"
DAYS = [date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 3)]
TAGS = {
    "dagster/asset_partition_range_start": FIRST,
    "dagster/asset_partition_range_end": LAST,
}


def sealed(warehouse: psycopg.Connection) -> list[date]:
    """The sealed days of those that the tests build."""
    rows = warehouse.execute(
        "select date from reporting.sealed_days where date = any(%s) order by date", [DAYS]
    )
    return [day for (day,) in rows]


def materialize(
    defs: dg.Definitions, instance: dg.DagsterInstance, chosen: dg.AssetSelection
) -> dg.ExecuteInProcessResult:
    """Runs the assets of a selection and their checks, as *Materialize* in the UI does."""
    job = defs.resolve_implicit_global_asset_job_def()
    graph = job.asset_layer.asset_graph
    keys = sorted(chosen.resolve(graph) & set(graph.executable_asset_keys))
    return job.execute_in_process(instance=instance, tags=TAGS, asset_selection=keys)


@pytest.mark.parametrize(
    "chosen",
    [
        dg.AssetSelection.assets(REVENUE),
        dg.AssetSelection.groups("reports"),
        dg.AssetSelection.groups("reports", "seals"),
        dg.AssetSelection.assets(REVENUE, "report_seals"),
        dg.AssetSelection.groups("seals"),
    ],
    ids=["one table", "all tables", "tables and seals", "one table and seals", "seals"],
)
def test_a_built_day_is_checked_and_sealed_in_the_same_run(
    defs: dg.Definitions, warehouse: psycopg.Connection, chosen: dg.AssetSelection
) -> None:
    warehouse.execute("delete from reporting.sealed_days where date = any(%s)", [DAYS[:1]])
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(defs, instance, chosen)

    assert result.success
    assert sealed(warehouse) == DAYS
    assert list(shown(result, "report_seals")) == [str(day) for day in DAYS]


def test_a_build_of_one_table_checks_all_tables_once(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(defs, instance, dg.AssetSelection.assets(REVENUE))

    found = [
        (each.asset_key.to_user_string(), each.check_name, each.partition)
        for each in result.get_asset_check_evaluations()
        if each.partition
    ]
    assert len(found) == len(set(found))
    assert set(found) == {
        (check.report_table, check.name, str(day)) for check in CHECKS for day in DAYS
    }
    assert len(checks_of("report_revenue_daily")) < len(CHECKS)
