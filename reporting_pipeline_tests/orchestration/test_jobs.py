"""The daily job: landed, built, checked, sealed and reported in one run."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline_tests.orchestration.shown import shown
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define

DAY = "2025-09-01"
AUDIT_COUNT = 2  # of the daily reports: their files, and the errors on their days
# Charges one sale of the day 100 minor units more than Ticketing booked; its legs still balance.
OVERCHARGE = """
    with txn as (
        select id, order_id
        from landing.ledger_transactions
        where report_day = %s and kind = 'sale'
        order by id
        limit 1
    )
    update landing.ledger_entries
    set amount_minor = amount_minor + 100
    where id in (
        select distinct on (entry.direction) entry.id
        from landing.ledger_entries as entry
        where entry.transaction_id = (select id from txn)
        order by entry.direction, entry.component, entry.id
    )
    returning (select order_id from txn)
"""
EVENT_NAME = """
    select event.name
    from landing.ticketing_orders as booking
    inner join landing.ticketing_events as event on booking.event_id = event.id
    where booking.id = %s
"""


def _run(
    defs: dg.Definitions, instance: dg.DagsterInstance, first: str, last: str
) -> dg.ExecuteInProcessResult:
    """Run the daily job as a backfill of the days would."""
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    job = defs.resolve_job_def("daily_build")
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def _of_days(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """The evaluations of the checks that have partitions."""
    return [each for each in result.get_asset_check_evaluations() if each.partition]


def _evaluations(result: dg.ExecuteInProcessResult, name: str) -> dict[str | None, str]:
    """Partition -> passed, warned or failed, of one check."""
    return {
        each.partition: "failed" if not each.passed else "warned" if each.description else "passed"
        for each in result.get_asset_check_evaluations()
        if each.check_name == name
    }


def test_a_day_is_landed_built_checked_sealed_and_reported(
    defs: dg.Definitions, settings: Settings
) -> None:
    define(settings.warehouse_url(), REVENUE)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("daily_build")
        result = job.execute_in_process(instance=instance, partition_key=DAY)

        assert result.success
        assert len(result.asset_materializations_for_node("landing")) == len(TABLES)
        evaluations = _of_days(result)
        assert len(evaluations) == len(CHECKS) + AUDIT_COUNT
        assert {(each.partition, each.passed) for each in evaluations} == {(DAY, True)}
        seal = shown(result, "report_seals")[DAY]
        assert (seal["error_count"], seal["organizations_with_errors"]) == (0, [])
        [path] = Path(settings.store_address().removeprefix("file://")).rglob("*.csv")
        assert path.name == f"revenue_{DAY}.csv"
        assert shown(result, "daily_reports")[DAY]["ready_count"] == 1
        assert len(instance.get_dynamic_partitions("ended_events")) == 3


def test_a_range_is_one_run_with_one_result_per_check_and_day(
    defs: dg.Definitions, settings: Settings
) -> None:
    define(settings.warehouse_url(), REVENUE)
    first, last = date(2025, 10, 22), date(2025, 10, 29)
    days = {str(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, str(first), str(last))

        assert result.success
        assert instance.get_runs_count() == 1
        found = [(e.partition, e.check_name, e.asset_key) for e in _of_days(result)]
        assert len(found) == len(set(found)) == (len(CHECKS) + AUDIT_COUNT) * len(days)
        assert {partition for partition, _, _ in found} == days
        # Unsettled orders of the season are warnings, which hold no report.
        ties = _evaluations(result, "sales_tie_to_ledger")
        assert {day for day, passed in ties.items() if passed == "warned"} == {
            "2025-10-24",
            "2025-10-28",
        }
        assert "failed" not in ties.values()
        reported = shown(result, "daily_reports")
        assert {day: each["ready_count"] for day, each in reported.items()} == dict.fromkeys(
            days, 1
        )


def test_a_break_holds_the_reports_of_its_organisation_and_no_other(
    defs: dg.Definitions, settings: Settings, warehouse: psycopg.Connection
) -> None:
    for organization_id in (BERLIN, TOKYO):
        define(settings.warehouse_url(), REVENUE, organization_id)
    [order] = {order for (order,) in warehouse.execute(OVERCHARGE, [DAY])}
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, "2025-08-31", "2025-09-02")

        assert result.success
        assert _evaluations(result, "sales_tie_to_ledger") == {
            "2025-08-31": "passed",
            "2025-09-01": "failed",
            "2025-09-02": "passed",
        }
        assert _evaluations(result, "transactions_balanced")[DAY] == "passed"
        seals = shown(result, "report_seals")
        assert {day: each["error_count"] for day, each in seals.items()} == {
            "2025-08-31": 0,
            "2025-09-01": 1,
            "2025-09-02": 0,
        }
        assert seals[DAY]["organizations_with_errors"] == [str(BERLIN)]
        reported = shown(result, "daily_reports")
        assert {day: (e["ready_count"], e["held_count"]) for day, e in reported.items()} == {
            "2025-08-31": (2, 0),
            "2025-09-01": (1, 1),
            "2025-09-02": (2, 0),
        }
        [held] = reported[DAY]["reasons"]
        assert (held["what"], held["organization_id"]) == ("held", str(BERLIN))
        assert str(order) in held["reason"]


def test_a_failed_check_shows_what_is_wrong_and_is_tied_to_the_build(
    defs: dg.Definitions, warehouse: psycopg.Connection
) -> None:
    row = warehouse.execute(OVERCHARGE, [DAY]).fetchone()
    assert row is not None
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, DAY, "2025-09-02")

        [failed] = [
            each
            for each in result.get_asset_check_evaluations()
            if each.check_name == "sales_tie_to_ledger" and not each.passed
        ]
        assert failed.description is not None
        assert failed.description.startswith(f"amount: order {row[0]}, Ticketing ")
        table = failed.metadata["discrepancies"]
        assert isinstance(table, dg.TableMetadataValue)
        [record] = [dict(each.data) for each in table.records]
        assert f"order_id {row[0]}" in str(record["ids"])
        assert record["severity"] == "error"
        assert record["difference"] in {"1.00 EUR", "-1.00 EUR"}
        assert f"Ticketing {record['expected']}, ledger {record['found']}" in failed.description
        shown_first = [each.name for each in table.schema.columns[:-2]]
        assert [each for each in shown_first if each.endswith(("id", "ids"))] == []
        named = warehouse.execute(EVENT_NAME, [row[0]]).fetchone()
        assert named == (record["event"],)
        built = instance.get_latest_storage_id_by_partition(
            failed.asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, {DAY}
        )
        assert failed.target_materialization_data is not None
        assert failed.target_materialization_data.storage_id == built[DAY]
        assert failed.target_materialization_data.run_id == result.run_id


def test_a_corrected_day_is_sealed_and_its_reports_are_published(
    defs: dg.Definitions, settings: Settings, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), REVENUE)
    assert warehouse.execute(OVERCHARGE, [DAY]).fetchone() is not None
    with dg.DagsterInstance.ephemeral() as instance:
        held = shown(_run(defs, instance, DAY, DAY), "daily_reports")[DAY]
        warehouse.execute(OVERCHARGE.replace("+ 100", "- 100"), [DAY])
        mended = shown(_run(defs, instance, DAY, DAY), "daily_reports")[DAY]

        assert (held["held_count"], held["new_edition_count"]) == (1, 0)
        assert (mended["ready_count"], mended["new_edition_count"]) == (1, 1)


def test_a_day_with_warnings_passes_and_lists_them(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, "2025-10-24", "2025-10-24")

        [warned] = [e for e in _of_days(result) if e.description]
        assert (warned.check_name, warned.passed) == ("sales_tie_to_ledger", True)
        assert warned.severity is dg.AssetCheckSeverity.WARN
        assert warned.metadata["warn_count"].value == 1
        assert warned.metadata["error_count"].value == 0


def test_an_error_of_an_earlier_day_stays_visible_until_it_is_resolved(
    defs: dg.Definitions, warehouse: psycopg.Connection
) -> None:
    def over_all_days(result: dg.ExecuteInProcessResult) -> list[tuple[bool, object, str | None]]:
        return [
            (each.passed, each.metadata["day_count"].value, each.description)
            for each in result.get_asset_check_evaluations()
            if each.check_name == "no_unresolved_day"
            and each.asset_key == dg.AssetKey("report_reconciliation_breaks")
        ]

    [order] = {order for (order,) in warehouse.execute(OVERCHARGE, [DAY])}
    with dg.DagsterInstance.ephemeral() as instance:
        found = over_all_days(_run(defs, instance, DAY, DAY))
        found += over_all_days(_run(defs, instance, "2025-09-02", "2025-09-03"))
        warehouse.execute(OVERCHARGE.replace("+ 100", "- 100"), [DAY])
        found += over_all_days(_run(defs, instance, DAY, DAY))

    assert [each[:2] for each in found] == [(False, 1), (False, 1), (True, 0)]
    assert str(found[1][2]).startswith(
        f"1 day has errors; {DAY}: sales_tie_to_ledger: amount: order {order}, "
    )


def test_warnings_of_any_day_are_a_check_that_warns(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, DAY, DAY)

    [warned] = [each for each in result.get_asset_check_evaluations() if not each.passed]
    assert (warned.asset_key, warned.check_name) == (
        dg.AssetKey("report_reconciliation_breaks"),
        "no_warned_day",
    )
    assert warned.severity is dg.AssetCheckSeverity.WARN
    # The season has 18 days with unsettled orders.
    assert warned.metadata["day_count"].value == 18


def test_landing_shows_the_rows_it_read_and_its_progress(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = _run(defs, instance, DAY, DAY)

        landed = {
            each.asset_key.to_user_string(): each.metadata
            for each in result.asset_materializations_for_node("landing")
        }
        orders = landed["landing/ticketing_orders"]
        assert set(orders) == {
            "read_count",
            "new_count",
            "seconds",
            "watermark",
            "lag_seconds",
            "dagster/column_lineage",
        }
        assert orders["new_count"].value == 0  # all of it had landed before


def test_a_source_that_is_down_fails_the_run_with_its_name(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"source_ledger_url": None})
    job = build_definitions(nowhere).resolve_job_def("daily_build")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key=DAY, raise_on_error=False)

        failure = result.failure_data_for_node("landing")
        assert failure is not None
        assert failure.user_failure_data is not None
        assert "REPORTING_SOURCE_LEDGER_URL is not set" in str(
            failure.user_failure_data.description
        )
        assert result.asset_materializations_for_node("report_tables") == []


def test_resources_can_be_replaced(settings: Settings) -> None:
    class NoReports:
        def generate_due(self, *_: object) -> None:
            pytest.fail("nothing is reported here")

    defs = build_definitions(settings, reports=NoReports())
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            partition_key=DAY,
            asset_selection=[dg.AssetKey("report_sales_daily")],
        )
        assert result.success
