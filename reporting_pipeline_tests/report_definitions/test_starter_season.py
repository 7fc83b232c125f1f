"""The starter set over the season: every report has rows, and its columns add up."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.report_definitions.compile import CompiledReport, compile_report
from reporting_pipeline.report_definitions.conditions import Query
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.report_definitions.period_rules import resolve
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

PARTS: Mapping[str, ReportConfig] = {
    f"{each.slug}.{block.name}" if block else each.slug: part
    for each in read_folder(STARTER_SET)
    for block, part in zip(each.config.blocks or (None,), each.config.parts, strict=True)
}
_FIRST, _LAST = date(2025, 1, 1), date(2026, 12, 31)
_Row = Mapping[str, Any]

# Each row of these reports, or of these blocks of reports, must satisfy these equations.
IDENTITIES = {
    "daily-sales": ["net_gross = gross - returned_gross"],
    "weekly-revenue": ["net_revenue = gross - refund - chargeback + chargeback_reversal"],
    "payout-statement.by-event": [
        "closing = opening + organizer_share - platform_fee - processing_fee - chargeback_fee"
        " + adjustment - reserve_held + reserve_released - payout + payout_reversal"
    ],
    "event-settlement.tickets": [
        "gross = face_value + fee + tax",
        "net_gross = gross - returned_gross",
    ],
    "bridge.sales-to-revenue": [
        "charged = booked - not_charged",
        "net_revenue = charged - charged_gift_card - chargeback + chargeback_reversal",
    ],
    "bridge.revenue-to-cash": [
        "net_revenue = collected_psp + collected_bank + collected_gift_card - repaid_psp"
        " - repaid_bank - repaid_gift_card + receivable_change + residue - gift_card_sold"
        " + gift_card_returned"
    ],
    "bridge.revenue-to-payout": [
        "organizer_share = net_revenue - not_organizers_tax - not_organizers_other",
        "organizer_share = costs + payable_change + paid_out",
    ],
    "tax.by-event": ["net_tax = tax - refund_tax - chargeback_tax + chargeback_reversal_tax"],
    "tax.footing": [
        "gross = face_value + addon + donation + service_fee + facility_fee + shipping_fee"
        " + cancellation_fee + tax"
    ],
    "reserve-statement": ["closing = opening + held - released + other_change"],
    "receivables": ["closing = opening + debit - credit"],
    "breaks": ["difference = ticketing - ledger"],
}
# The season has no gift cards, reserves or payouts; its events end over 30 days before its end.
_WITHOUT_ROWS = {
    "event-audit",
    "event-settlement.payouts",
    "event-settlement.unallocated-payouts",
    "bridge.residues",
    "gift-cards",
    "payout-statement.payouts",
    "reserve-statement",
}


@pytest.fixture(scope="module")
def connection(shared_season_pipeline: Pipeline) -> Iterator[psycopg.Connection]:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        yield connection


@pytest.fixture(scope="module")
def organizations(connection: psycopg.Connection) -> list[UUID]:
    found = connection.execute("select id from landing.ticketing_organizations order by id")
    return [organization_id for (organization_id,) in found]


@pytest.fixture(scope="module")
def events(connection: psycopg.Connection) -> list[tuple[UUID, UUID]]:
    """Organisation and id of the events that ended before the season's last day."""
    statement = "select organization_id, id from landing.ticketing_events order by id"
    return connection.execute(statement).fetchall()


@pytest.mark.parametrize("name", list(PARTS))
def test_each_has_rows_that_add_up(
    name: str,
    connection: psycopg.Connection,
    organizations: list[UUID],
    events: list[tuple[UUID, UUID]],
) -> None:
    lines: list[_Row] = []
    for report in _reports(PARTS[name], organizations, events):
        rows = _found(connection, report.rows)
        [counted] = _found(connection, report.count)
        assert list(counted.values()) == [len(rows)]
        _require_equal_totals(report, rows, _found(connection, report.totals))
        lines += rows
    assert bool(lines) == (name not in _WITHOUT_ROWS)
    for identity in IDENTITIES.get(name, []):
        assert [row for row in lines if not _holds(identity, row)] == []


def test_a_months_statement_opens_where_the_month_before_closed(
    connection: psycopg.Connection, organizations: list[UUID]
) -> None:
    config = PARTS["payout-statement.by-event"]
    months = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(20)]
    closed: dict[tuple[UUID, Any, str], int] = {}
    compared = 0
    for as_of in months:
        period = resolve(config.period, as_of)
        for organization_id in organizations:
            report = compile_report(config, organization_id, period)
            for row in _found(connection, report.rows):
                line = (organization_id, row["event_name"], row["currency"])
                assert row["opening_minor"] == closed.get(line, 0), (period, line)
                compared += line in closed
                closed[line] = row["closing_minor"]
    assert compared


def _reports(
    config: ReportConfig, organizations: list[UUID], events: list[tuple[UUID, UUID]]
) -> Iterator[CompiledReport]:
    if config.period.rule == "event_to_date":
        for organization_id, event_id in events:
            yield compile_report(config, organization_id, resolve(config.period, _LAST, event_id))
        return
    whole = Period(first=_FIRST, end=_LAST + timedelta(days=1))
    for organization_id in organizations:
        yield compile_report(config, organization_id, whole)


def _found(connection: psycopg.Connection, query: Query | None) -> list[_Row]:
    if query is None:
        return []
    statement, parameters = psycopg_statement(query)
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(statement.encode(), parameters))


def _require_equal_totals(report: CompiledReport, rows: list[_Row], totals: list[_Row]) -> None:
    summed = [
        column.name
        for column in report.columns
        if column.is_summed and column.column.kind is not ColumnKind.RATIO
    ]
    if report.totals is None:
        assert not summed
        return
    expected: dict[str | None, dict[str, int]] = {}
    for row in rows:
        currency = row[report.currency] if report.currency else None
        of = expected.setdefault(currency, dict.fromkeys(summed, 0))
        for name in summed:
            of[name] += row[name] or 0
    found = {row["currency"]: {name: row[name] for name in summed} for row in totals}
    assert found == (expected if summed else {})


def _holds(identity: str, row: _Row) -> bool:
    """True if the row satisfies `a = b - c + d`."""
    left, _, right = identity.partition(" = ")
    first, *rest = right.split(" ")
    amount = row[f"{first}_minor"]
    for sign, name in zip(rest[::2], rest[1::2], strict=True):
        amount += row[f"{name}_minor"] * (1 if sign == "+" else -1)
    return bool(row[f"{left}_minor"] == amount)
