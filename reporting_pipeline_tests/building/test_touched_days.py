"""A landing queues the days that its late rows touch, in the same transaction."""

from datetime import UTC, date, datetime, time

from reporting_pipeline.building.dbt import PROJECT
from reporting_pipeline.building.relations import all_days
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.touched import Touched
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    GATE,
    NEW_YORK,
    ORDER,
    ORGANIZATION,
    add,
    change,
    query,
)

MODELS = PROJECT / "models" / "reports"
LATER = datetime(2026, 1, 1, tzinfo=UTC)
MOVEMENTS = "ticketing.order_line_movements"
SALES, REVENUE = "report_sales_daily", "report_revenue_daily"
ACCOUNTS = "report_account_movements_daily"
ATTENDANCE, SUMMARY = "report_attendance_daily", "report_event_summary"
QUARTERS = "report_attendance_quarter_hourly"
BREAKS = "report_reconciliation_breaks"


def days(queue: Touched, table: str, event: str | None = BERLIN) -> list[date]:
    return sorted(day for of_event, day in queue.get(table, ()) if of_event == event)


def summary_days(pipeline: Pipeline, event: str, first: date) -> list[date]:
    """The days from `first` on which the event has rows."""
    statement = """
        with given as (select id, landing.report_day(ends_at, timezone, day_cutoff) as end_day
            from landing.ticketing_events where id = %s)
        select report_day from landing.ticketing_order_line_movements where order_id in
            (select id from landing.ticketing_orders where event_id = (select id from given))
        union select report_day from landing.ledger_transactions
            where event_id = (select id from given)
        union select report_day from landing.scanning_scans
            where event_id = (select id from given)
        union select report_day from landing.seating_inventory_movements
            where event_id = (select id from given)
        union select end_day from given
        union select end_day + 30 from given
    """
    rows = query(pipeline.warehouse, statement, event)
    return sorted(day for (day,) in rows if day >= first)


def test_a_late_first_movement_touches_its_day_the_former_first_day_and_all_later_summaries(
    landed: Pipeline,
) -> None:
    query(landed.warehouse, "delete from landing.touched_days")
    add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-08-20T12:00:00Z")

    landed.land()

    queue, first = landed.queue(), date(2025, 8, 20)
    assert days(queue, SALES) == [first, date(2025, 9, 1)]
    assert days(queue, BREAKS) == [first, date(2025, 9, 1)]
    assert days(queue, SUMMARY) == summary_days(landed, BERLIN, first)
    assert len(days(queue, SUMMARY)) > 50
    assert queue.keys() == {SALES, BREAKS, SUMMARY}
    assert not any(days(queue, table, NEW_YORK) for table in queue)


def test_a_late_entry_touches_revenue_of_its_day_and_all_later_summaries(landed: Pipeline) -> None:
    query(landed.warehouse, "delete from landing.touched_days")
    transaction = add(
        landed.sources,
        "ledger.transactions",
        organization_id=ORGANIZATION,
        event_id=BERLIN,
        order_id=None,
        kind="fee",
        effective_at="2025-09-20T12:00:00Z",
    )
    add(landed.sources, "ledger.entries", transaction_id=transaction)

    landed.land()

    queue, day = landed.queue(), date(2025, 9, 20)
    assert days(queue, REVENUE) == days(queue, ACCOUNTS) == days(queue, BREAKS) == [day]
    assert days(queue, SUMMARY) == summary_days(landed, BERLIN, day)
    assert queue.keys() == {REVENUE, ACCOUNTS, BREAKS, SUMMARY}


def test_a_late_payout_item_touches_the_day_of_its_payout_for_its_event(landed: Pipeline) -> None:
    payout = add(
        landed.sources,
        "ledger.transactions",
        organization_id=ORGANIZATION,
        event_id=None,
        order_id=None,
        kind="payout",
        effective_at="2025-09-20T12:00:00Z",
    )
    add(landed.sources, "ledger.entries", transaction_id=payout)
    landed.land()
    query(landed.warehouse, "delete from landing.touched_days")
    add(
        landed.sources,
        "ledger.payout_items",
        transaction_id=payout,
        event_id=BERLIN,
        amount_minor=60,
        currency="EUR",
        recorded_at=LATER,
    )

    landed.land()

    queue, day = landed.queue(), date(2025, 9, 20)
    for table in (REVENUE, ACCOUNTS, BREAKS):
        assert queue[table] == {(None, day), (BERLIN, day)}
    assert days(queue, SUMMARY) == summary_days(landed, BERLIN, day)
    assert queue.keys() == {REVENUE, ACCOUNTS, BREAKS, SUMMARY}


def test_transaction_without_entries_touches_nothing(landed: Pipeline) -> None:
    query(landed.warehouse, "delete from landing.touched_days")
    add(landed.sources, "ledger.transactions")

    assert landed.land().touched_day_count == 0
    assert landed.queue() == {}


def test_a_new_zone_touches_the_former_and_the_new_days_of_rows(
    landed: Pipeline,
) -> None:
    movement = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-11-30T22:30:00Z")
    landed.land()
    query(landed.warehouse, "delete from landing.touched_days")

    change(landed.sources, "ticketing.events", BERLIN, timezone="Europe/Helsinki", updated_at=LATER)
    landed.land()

    queue = landed.queue()
    assert movement
    assert {date(2025, 11, 30), date(2025, 12, 1)} <= set(days(queue, SALES))
    assert {date(2025, 11, 30), date(2025, 12, 1)} <= set(days(queue, SUMMARY))
    assert not any(days(queue, table, NEW_YORK) for table in queue)


def test_a_change_that_no_report_reads_touches_nothing(landed: Pipeline) -> None:
    query(landed.warehouse, "delete from landing.touched_days")
    change(landed.sources, "ticketing.events", BERLIN, name="Renamed", updated_at=LATER)
    change(landed.sources, "ticketing.orders", ORDER, total_minor=1, updated_at=LATER)
    add(landed.sources, "ticketing.organizations")
    add(landed.sources, "seating.venues")

    assert landed.land().new_count == 4
    assert landed.queue() == {}


def test_a_scan_of_an_unknown_event_touches_nothing_until_the_event_lands(landed: Pipeline) -> None:
    event = "00000002-0000-4000-8000-00000000ffff"
    query(landed.warehouse, "delete from landing.touched_days")
    add(
        landed.sources,
        "scanning.scans",
        event_id=event,
        gate_id=GATE,
        device_id=event,
        ticket_id=None,
        scanned_at="2025-03-03T12:00:00Z",
    )
    landed.land()
    assert landed.queue() == {}

    add(
        landed.sources,
        "ticketing.events",
        id=event,
        timezone="UTC",
        ends_at="2025-03-05T12:00:00Z",
    )
    landed.land()

    assert landed.queue() == {
        ATTENDANCE: {(event, date(2025, 3, 3))},
        QUARTERS: {(event, date(2025, 3, 3))},
        SUMMARY: {(event, date(2025, month, day)) for month, day in ((3, 3), (3, 5), (4, 4))},
    }


def test_the_queue_has_the_organisation_and_event_of_each_day(landed: Pipeline) -> None:
    query(landed.warehouse, "delete from landing.touched_days")
    events = "select id::text, organization_id::text from landing.ticketing_events"
    known = query(landed.warehouse, events)
    for event, _ in known:
        cutoff = time(5, 30)
        change(landed.sources, "ticketing.events", event, day_cutoff=cutoff, updated_at=LATER)

    landed.land()

    queued = "select distinct event_id::text, organization_id::text from landing.touched_days"
    assert sorted(query(landed.warehouse, queued)) == sorted(known)


def test_the_first_landing_queues_every_landed_day_of_every_table_for_all_organisations(
    landed: Pipeline,
) -> None:
    queued = """
        select report_table, array_agg(report_day order by report_day), count(event_id)
        from landing.touched_days group by report_table
    """
    with warehouse_connection(landed.warehouse) as connection:
        every_day = all_days(connection)

    found = {table: (days, of_events) for table, days, of_events in query(landed.warehouse, queued)}
    assert found.keys() == {table.name for table in REPORT_TABLES}
    assert found[SUMMARY] == (every_day, 0)
    others = {tuple(days) for table, (days, _) in found.items() if table != SUMMARY}
    assert len(others) == 1
    [of_rows] = others
    assert len(of_rows) > 100
    assert set(of_rows) < set(every_day)


def test_every_report_says_which_days_a_row_touches_and_every_file_is_of_a_kind_that_runs() -> None:
    saying = {"touched_days", "counted_once", "touched_after"}
    kinds = {"changed_keys", *saying}
    owners = {table.name for table in REPORT_TABLES}
    files: dict[str, set[str]] = {}
    for path in MODELS.glob("*.*.sql"):
        owner, kind, _ = path.name.split(".")
        files.setdefault(owner, set()).add(kind)

    assert files.keys() == owners | {"all_reports"}
    assert files.pop("all_reports") == {"changed_keys", "landed_rows"}
    assert all(found & saying and found <= kinds for found in files.values())
