"""Rows of one organisation that cannot be used, or add up to too much, stop no other organisation.

All hostile rows of the list are put into the first organisation of the case at once. Landing,
building, checking and publishing go on; every figure of the second organisation is that of the
oracle, its reports are final, and the first one learns of each row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.alerts.causes import current_causes
from reporting_pipeline.alerts.source_causes import row_causes
from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.checks.breaks import open_breaks
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
)
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.store import open_store
from reporting_pipeline.telemetry.prometheus import WarehouseCollector, metrics_page
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.hostile_sources import (
    FIRST,
    FIRST_EVENT,
    SECOND,
    SECOND_EVENT,
    drop_promises,
    insert,
)
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.cases.hostile_rows import HOSTILE_ROWS, HostileRow
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import KEYS, ReportTable
from reporting_pipeline_tests.sample_reports import NOW, ReportGenerator, define

_DUMP = CASES / "one_bad_row" / "dump"
_SOLD = date(2026, 5, 1)
_MAY = Period(first=date(2026, 5, 1), end=date(2026, 6, 1))
_GREATEST_MINOR = 10**17
_ENOUGH = 95  # amounts of the greatest size that leave 64 bits together
_MANY = 60  # amounts that do so only with those of another day
_SALES_BY_DAY: Mapping[str, object] = {
    "slug": "sales-by-day",
    "name": "Sales by day",
    "category": "sales",
    "schedule": "daily",
    "status": "active",
    "formats": ["csv", "xlsx", "pdf", "parquet", "jsonl"],
    "config": {
        "dataset": "sales_daily",
        "columns": ["date", "event_id", "ticket_type_id", "channel", "currency", "list_minor"],
        "period": "previous_day",
        "totals": True,
    },
}
_SALES_BY_EVENT: Mapping[str, object] = {
    **_SALES_BY_DAY,
    "slug": "sales-by-event",
    "config": {
        "dataset": "sales_daily",
        "columns": ["event_id", "currency", "list_minor"],
        "period": "previous_day",
        "group_by": ["event_id", "currency"],
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hostile:
    """The case with all hostile rows, landed, built and sealed.

    Attributes:
        row_ids: Kind of a hostile row -> its id.
        found: The discrepancies of all checks.
    """

    pipeline: Pipeline
    books: Books
    row_ids: dict[str, UUID]
    found: Sequence[Discrepancy]


@pytest.fixture(scope="module")
def hostile(shared_pipeline: Pipeline) -> _Hostile:
    load_dump(_DUMP, shared_pipeline.sources)
    books = Books.from_dump(_DUMP)
    drop_promises(shared_pipeline.sources)
    row_ids = insert(shared_pipeline.sources, books, (*HOSTILE_ROWS, *_too_much()))
    shared_pipeline.land()
    shared_pipeline.build_touched()
    shared_pipeline.seal_all()
    return _Hostile(
        pipeline=shared_pipeline,
        books=books,
        row_ids=row_ids,
        found=shared_pipeline.discrepancies(),
    )


def _too_much() -> Iterator[HostileRow]:
    """Right rows whose sums leave 64 bits: sales, charges, taxes, gift cards, payouts, balances."""
    legs = (
        ("face value", "sale", "face_value", "organizer_payable"),
        ("tax", "sale", "tax", "tax_payable"),
        ("gift card", "sale", "gift_card", "gift_card_liability"),
        ("receivable", "sale", "cash", "buyer_receivable"),
        ("reserve", "reserve_hold", "reserve", "organizer_reserve"),
        ("payout", "payout", "payout", "organizer_payable"),
    )
    for name, kind, component, account_kind in legs:
        account, transaction = f"account of {name}", f"transaction of {name}"
        yield _used(account, "ledger.accounts", kind=account_kind)
        yield _used(
            transaction,
            "ledger.transactions",
            kind=kind,
            event_id=None if kind in {"payout", "reserve_hold"} else FIRST_EVENT,
            order_id=None,
        )
        for number in range(_ENOUGH):
            yield _used(
                f"{name} {number}",
                "ledger.entries",
                transaction_id=transaction,
                account_id=account,
                component=component,
                direction="debit" if kind != "sale" or component == "cash" else "credit",
                amount_minor=_GREATEST_MINOR,
                taxable_minor=_GREATEST_MINOR,
            )
    for number in range(_ENOUGH):
        # Half of a day's greatest sum on each of three days: only the balance leaves 64 bits.
        day = 2 + number % 3
        yield _used(
            f"payable {number}",
            "ledger.transactions",
            effective_at=f"2026-07-0{day}T12:00:00Z",
            order_id=None,
        )
        yield _used(
            f"entry of payable {number}",
            "ledger.entries",
            transaction_id=f"payable {number}",
            account_id="account of face value",
            direction="credit",
            component="face_value",
            amount_minor=_GREATEST_MINOR,
        )
        yield _used(
            f"item {number}",
            "ledger.payout_items",
            transaction_id="transaction of payout",
            amount_minor=_GREATEST_MINOR,
        )
        yield _used(
            f"units {number}",
            "ticketing.order_line_movements",
            line_no=number + 2,
            list_minor=_GREATEST_MINOR,
            occurred_at="2026-07-05T12:00:00Z",
        )
    for number in range(2 * _MANY):
        yield _used(
            f"many units {number}",
            "ticketing.order_line_movements",
            line_no=number + 2 + _ENOUGH,
            list_minor=_GREATEST_MINOR,
            occurred_at=f"2026-07-{6 + number % 2:02}T12:00:00Z",
        )


def _used(kind: str, table: str, /, **values: object) -> HostileRow:
    return HostileRow(kind=kind, table=table, values=values, is_set_aside=False)


def _of(organization_id: str, tables: dict[str, ReportTable]) -> dict[str, ReportTable]:
    return {
        name: {
            key: row
            for key, row in rows.items()
            if dict(zip(KEYS[name], key, strict=True))["organization_id"] == organization_id
        }
        for name, rows in tables.items()
    }


def test_every_figure_of_the_other_organization_is_right(hostile: _Hostile) -> None:
    expected = _of(SECOND, expected_tables(hostile.books))

    assert_same(expected, _of(SECOND, hostile.pipeline.tables()))


def test_every_row_that_cannot_be_used_is_set_aside_and_no_other(hostile: _Hostile) -> None:
    with warehouse_connection(hostile.pipeline.warehouse) as connection:
        found = {
            row_id
            for (row_id,) in connection.execute(
                "select row_id from landing.row_findings where finding = 'unusable'"
            )
        }

    kinds = {row.kind: row.is_set_aside for row in HOSTILE_ROWS}
    assert {kind for kind in kinds if hostile.row_ids[kind] in found} == {
        kind for kind, is_set_aside in kinds.items() if is_set_aside
    }
    assert found <= set(hostile.row_ids.values())


def test_the_reports_of_the_other_organization_are_final(hostile: _Hostile, tmp_path: Path) -> None:
    reports = _generate(hostile, SECOND, SECOND_EVENT, tmp_path)

    assert {(each.slug, each.status, each.is_provisional) for each in reports} == {
        (each.slug, "ready" if each.slug in _WITH_ROWS else each.status, False) for each in reports
    }
    assert {each.status for each in reports} <= {"ready", "empty"}


def test_the_money_of_the_organization_is_held_with_the_rows_that_hold_it(
    hostile: _Hostile, tmp_path: Path
) -> None:
    reports = {each.slug: each for each in _generate(hostile, FIRST, FIRST_EVENT, tmp_path)}

    for slug in ("payout-statement", "trial-balance", "event-settlement", "bridge", "tax"):
        assert reports[slug].status == "held", reports[slug]
    assert "ledger.entries, row" in (reports["trial-balance"].failure_message or "")


def test_the_organization_is_told_of_each_row(hostile: _Hostile) -> None:
    with warehouse_connection(hostile.pipeline.warehouse) as connection:
        alerts = list(row_causes(connection))

    tables = {row.table for row in HOSTILE_ROWS if row.is_set_aside}
    assert {each.facts["table"] for each in alerts if each.facts["finding"] == "unusable"} == tables
    assert SECOND not in {str(each.organization_id) for each in alerts}
    told = {str(each.facts["table"]) for each in alerts if str(each.organization_id) == FIRST}
    assert tables - told <= {"ticketing.organizations", "seating.venues"}


def test_breaks_metrics_and_alerts_are_read_beside_the_greatest_sums(hostile: _Hostile) -> None:
    warehouse = hostile.pipeline.warehouse
    with warehouse_connection(warehouse) as connection:
        assert {str(each.organization_id) for each in open_breaks(connection)} >= {FIRST}
        causes = current_causes(connection, stale_after=timedelta(days=1), now=datetime.now(UTC))

    of_books = {AlertKind.BREAK, AlertKind.SOURCE_ROWS, AlertKind.SOURCE_CLOCK}
    found = [each for each in causes.alerts if each.kind in of_books]
    assert {each.kind for each in found} == {AlertKind.BREAK, AlertKind.SOURCE_ROWS}
    assert SECOND not in {str(each.organization_id) for each in found}
    page = metrics_page(WarehouseCollector(lambda: warehouse_connection(warehouse), lambda: NOW))
    assert "reporting_breaks_minor{" in page
    assert "reporting_up 1.0" in page


def test_checks_find_the_rows_and_the_sums_that_are_left_out(hostile: _Hostile) -> None:
    of_second = [each for each in hostile.found if str(each.organization_id) == SECOND]
    assert of_second == []
    set_aside = [each for each in hostile.found if each.check == "rows_set_aside"]
    assert {each.day for each in set_aside if "ledger.entries" in each.message} >= {_SOLD}
    unfit = [each for each in hostile.found if each.check == "figures_fit"]
    assert {(str(each.organization_id), each.severity.value) for each in unfit} == {
        (FIRST, "error")
    }
    named = " ".join(each.message for each in unfit)
    for figure in (
        "gross_minor",
        "gift_card_sold_minor",
        "payout_minor",
        "taxable_minor",
        "list_minor",
        "payable_to_date_minor",
        "debit_minor",
        "the closing balance of payable",
        "the closing balance of organizer_payable",
    ):
        assert figure in named, figure


def test_a_total_beyond_64_bits_is_exact_in_every_format(hostile: _Hostile, tmp_path: Path) -> None:
    generator = _generator(hostile, tmp_path)
    definition = define(hostile.pipeline.warehouse, _SALES_BY_DAY, UUID(FIRST))

    outcomes = generator.generate(definition, _TWO_DAYS, is_provisional_allowed=True)

    assert [each.report.status for each in outcomes] == ["ready"] * 5, [
        each.report.failure_message for each in outcomes
    ]
    for each in outcomes:
        [total] = generator.manifest(each.report.storage_path).totals
        assert total.values["list_minor"] == 2 * _MANY * _GREATEST_MINOR
        assert each.location is not None
        assert verify_file(Path(each.location)).agrees, each.report.format


def test_a_sum_beyond_64_bits_fails_its_report_with_the_reason(
    hostile: _Hostile, tmp_path: Path
) -> None:
    definition = define(hostile.pipeline.warehouse, _SALES_BY_EVENT, UUID(FIRST))

    outcomes = _generator(hostile, tmp_path).generate(
        definition, _TWO_DAYS, is_provisional_allowed=True
    )

    for outcome in outcomes:
        assert (outcome.report.status, outcome.report.failure_class) == ("failed", "FigureTooLarge")
        assert "a sum of the report leaves 64 bits" in (outcome.report.failure_message or "")


_TWO_DAYS = Period(first=date(2026, 7, 6), end=date(2026, 7, 8))
_WITH_ROWS = {"weekly-revenue", "payout-statement", "trial-balance", "event-settlement", "bridge"}


def _generate(
    hostile: _Hostile, organization_id: str, event_id: str, folder: Path
) -> list[GeneratedReport]:
    declared = for_organizations(read_folder(STARTER_SET), [UUID(organization_id)])
    generator = _generator(hostile, folder)
    with warehouse_connection(hostile.pipeline.warehouse) as connection:
        applied = apply_definitions(connection, declared, NOW)
    return [
        outcome.report
        for each in applied
        for outcome in generator.generate(
            each.definition, _period(each.definition, event_id), ReportFormat.CSV
        )
    ]


def _generator(hostile: _Hostile, folder: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=hostile.pipeline.warehouse, store=open_store(str(folder / "store"))
    )


def _period(definition: ReportDefinition, event_id: str) -> Period:
    if definition.config.period.rule == "event_to_date":
        return Period(first=None, end=_MAY.end, event_id=UUID(event_id))
    return _MAY
