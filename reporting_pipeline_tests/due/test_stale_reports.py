"""Rebuilt days are forgotten when all reports that depend on them were generated."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.checks.breaks import Decision, accept_breaks, take_back_breaks
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.batch import generate_batch
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.due.stale_reports import forget_rebuilt_days_after, stale_reports
from reporting_pipeline.publishing.generate import Publisher, generate
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    define,
    one_day,
)

DAY = date(2025, 9, 10)
WEEK = Period(first=date(2025, 9, 8), end=date(2025, 9, 15))


@pytest.fixture
def publisher(warehouse_url: URL, tmp_path: Path) -> Publisher:
    """A publisher over a warehouse in which a day of one organisation was rebuilt and sealed."""
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "insert into reporting.sealed_days values (%s, %s)",
            (DAY, datetime(2026, 1, 1, tzinfo=UTC)),
        )
    rebuild(warehouse_url, "report_attendance_daily")
    store = open_store(str(tmp_path / "store"))
    return Publisher(
        warehouse=warehouse_url, store=store, final_delay_seconds=7200, clock=lambda: NOW
    )


def rebuild(warehouse: URL, table: str) -> None:
    """Note a day as a build of it does."""
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into reporting.day_changes values (%s, %s, 1) on conflict (date, subject)"
            " do update set change_count = day_changes.change_count + 1",
            (DAY, table),
        )
        connection.execute(
            "insert into reporting.rebuilt_days (report_table, organization_id, report_day)"
            " values (%s, %s, %s)",
            (table, BERLIN, DAY),
        )


def rebuilt_tables(publisher: Publisher) -> list[str]:
    """The tables with a rebuilt day."""
    with warehouse_connection(publisher.warehouse) as connection:
        rows = connection.execute("select report_table from reporting.rebuilt_days order by id")
        return [table for (table,) in rows]


def generated(publisher: Publisher, *periods: Period) -> Iterator[str]:
    """Generate the attendance report of periods; the status of each."""
    definition = define(publisher.warehouse, ATTENDANCE)
    due = [
        DueReport(as_of=each.end, request=ReportRequest(definition=definition, period=each))
        for each in periods
    ]
    for result in forget_rebuilt_days_after(publisher.warehouse, generate_batch(publisher, due)):
        yield from (outcome.report.status for outcome in result.outcomes)


def test_a_day_is_forgotten_when_all_reports_that_depend_on_it_are_generated(
    publisher: Publisher,
) -> None:
    assert list(generated(publisher, one_day(DAY))) == ["ready"]
    assert rebuilt_tables(publisher) == []

    list(generated(publisher, WEEK))
    rebuild(publisher.warehouse, "report_attendance_daily")
    assert list(generated(publisher, one_day(DAY))) == ["ready"]
    assert rebuilt_tables(publisher) == ["report_attendance_daily"]

    assert list(generated(publisher, WEEK, one_day(DAY))) == ["ready", "ready"]
    assert rebuilt_tables(publisher) == []


def test_a_day_is_remembered_when_a_report_fails_or_the_batch_is_stopped(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(generated(publisher, one_day(DAY)))
    assert rebuilt_tables(publisher) == ["report_attendance_daily"]

    rebuild(publisher.warehouse, "report_attendance_daily")
    with monkeypatch.context() as patched:
        patched.setattr(publisher.store.__class__, "put", _refuse)
        assert list(generated(publisher, one_day(DAY))) == ["failed"]
    assert rebuilt_tables(publisher) == ["report_attendance_daily"] * 2


PAYOUTS = {
    "slug": "payouts",
    "name": "Payouts",
    "category": "financial",
    "schedule": "monthly",
    "status": "active",
    "formats": ["csv"],
    "config": {
        "dataset": "payable_statement",
        "columns": ["event_id", "currency", "payout_minor", "closing_minor"],
        "group_by": ["event_id", "currency"],
        "period": "month",
    },
}


def _stale_periods(publisher: Publisher) -> list[Period]:
    with warehouse_connection(publisher.warehouse) as connection:
        found = stale_reports(connection, first_day=date(2025, 1, 1), delay_seconds=7200)
        return [each.request.period for each in found.due]


def test_a_report_with_a_balance_is_stale_when_an_earlier_day_was_rebuilt(
    publisher: Publisher,
) -> None:
    before, month = (Period(first=date(2025, m, 1), end=date(2025, m + 1, 1)) for m in (8, 10))
    for definition, period in (
        (PAYOUTS, before),
        (PAYOUTS, month),
        (ATTENDANCE, month),
    ):
        generate_once(publisher, definition, period)
    rebuild(publisher.warehouse, "report_revenue_daily")

    assert _stale_periods(publisher) == [month]


def test_a_report_is_stale_when_an_acceptance_in_its_proof_is_taken_back(
    publisher: Publisher,
) -> None:
    order = UUID(int=21)
    decision = Decision(organization_id=BERLIN, kind="amount", ids=(order,), person="Ada", now=NOW)
    with warehouse_connection(publisher.warehouse) as connection:
        connection.execute("delete from reporting.rebuilt_days")
        connection.cursor().executemany(
            "insert into landing.source_reads values (%s, %s, %s)",
            [(domain, NOW, NOW) for domain in DOMAINS],
        )
        connection.execute(
            "insert into reporting.report_reconciliation_breaks (date, organization_id, order_id,"
            " currency, kind, ticketing_minor, ledger_minor, difference_minor, proof_ids)"
            " values (%s, %s, %s, 'EUR', 'amount', 100, 0, 100, '{}')",
            (DAY, BERLIN, order),
        )
        accept_breaks(connection, decision, reason="cash drawer")
    generate_once(publisher, REVENUE, one_day(DAY))
    assert _stale_periods(publisher) == []

    with warehouse_connection(publisher.warehouse) as connection:
        take_back_breaks(connection, decision)

    assert _stale_periods(publisher) == [one_day(DAY)]
    held = generate_once(publisher, REVENUE, one_day(DAY))
    assert held.status == "held"
    assert held.failure_message == (
        f"{DAY}: amount: order {order}, Ticketing 1.00 EUR, ledger 0.00 EUR"
    )
    assert _stale_periods(publisher) == []


def generate_once(
    publisher: Publisher, definition: Mapping[str, object], period: Period
) -> GeneratedReport:
    """Generate a report, also over days that are not final."""
    request = ReportRequest(definition=define(publisher.warehouse, definition), period=period)
    [outcome] = generate(publisher, request)
    return outcome.report


def _refuse(*_: object) -> None:
    message = "the disk is full"
    raise OSError(message)
