"""Faults that papers once had, each in small books with the figure that is right.

The figures are written by hand from the source rows of the case; they use no code of the pipeline.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from zipfile import ZipFile, is_zipfile

import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.paper_books import (
    RECORDED_AT,
    at,
    books_of,
    id_of,
    later_rows,
    sell,
)
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.books import union
from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    OTHER_SHOW,
    PARKING,
    RIVAL,
    SHOW,
    HandWritten,
)
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

SEPTEMBER, OCTOBER = (Period(first=date(2025, m, 1), end=date(2025, m + 1, 1)) for m in (9, 10))
ADJUSTED = ("debit suspense adjustment 500 EUR", "credit organizer_payable adjustment 500 EUR")
_STARTER = {each.slug: each for each in read_folder(STARTER_SET)}

Row = dict[str, Any]


def quiet_event(draft: HandWritten) -> None:
    """SHOW sells in September and rests in October, when OTHER_SHOW sells."""
    sell(draft, "first", 1_123_000, at(9, 10))
    sell(draft, "second", 400_000, at(10, 5), event_id=OTHER_SHOW)
    draft.transaction(
        "fee",
        "debit organizer_payable platform_fee 5606 EUR",
        "credit platform_fee_income platform_fee 5606 EUR",
        event_id=OTHER_SHOW,
        order_id=None,
        effective_at=at(10, 5),
    )


def monthly_sales(draft: HandWritten) -> None:
    """SHOW sells in September and in October."""
    sell(draft, "first", 10_000, at(9, 10))
    sell(draft, "second", 3_000, at(10, 10))


def with_a_late_row(draft: HandWritten) -> None:
    """An adjustment of September arrives late."""
    monthly_sales(draft)
    draft.transaction("adjustment", *ADJUSTED, order_id=None, effective_at=at(9, 20))


def paid_event(draft: HandWritten) -> None:
    """SHOW is paid by two payouts that name no event themselves; an item of each does."""
    sell(draft, "first", 1_496_440, at(9, 10))
    for minor, item, when in ((1_000_000, 1_000_000, at(9, 15)), (400_000, 346_797, at(9, 22))):
        payout = draft.transaction(
            "payout",
            f"debit organizer_payable payout {minor} EUR",
            f"credit bank payout {minor} EUR",
            event_id=None,
            order_id=None,
            effective_at=when,
        )
        draft.item(payout, SHOW, item)


def sell_gift_card(draft: HandWritten) -> None:
    """One gift card of 50 euros, sold for SHOW."""
    draft.order("card")
    draft.movement("sale", 1, 5_000, order_id="card", ticket_type_id=PARKING, occurred_at=at(10, 2))
    draft.transaction(
        "sale",
        "debit psp_clearing cash 5000 EUR",
        "credit gift_card_liability gift_card 5000 EUR",
        order_id="card",
        effective_at=at(10, 2),
    )


def many_ways_to_pay(draft: HandWritten) -> None:
    """Three orders: cash at the box office, bank transfer, gift card; one card was sold before."""
    sell_gift_card(draft)
    for order, minor, account in (
        ("cash", 2_500, "bank"),
        ("transfer", 7_000, "buyer_receivable"),
        ("by card", 4_000, "gift_card_liability"),
    ):
        draft.order(order, channel="box_office" if order == "cash" else "web")
        draft.movement("sale", 1, minor, order_id=order, occurred_at=at(10, 5))
        draft.transaction(
            "sale",
            f"debit {account} cash {minor} EUR",
            f"credit organizer_payable face_value {minor} EUR",
            order_id=order,
            effective_at=at(10, 5),
        )
    draft.transaction(
        "payment",
        "debit bank cash 7000 EUR",
        "credit buyer_receivable cash 7000 EUR",
        order_id="transfer",
        effective_at=at(10, 9),
    )


def one_gift_card(draft: HandWritten) -> None:
    """SHOW sells a gift card, OTHER_SHOW a ticket."""
    sell_gift_card(draft)
    sell(draft, "ticket", 9_000, at(10, 3), event_id=OTHER_SHOW)


def taxes_of_every_kind(draft: HandWritten) -> None:
    """Two rates and an unknown one: charged, refunded, charged back and won back."""
    for kind, sides, taxes in (
        ("sale", ("debit", "credit"), ("1900 EUR DE 0.19 10000", "700 EUR DE 0.07 10000")),
        ("refund", ("credit", "debit"), ("190 EUR DE 0.19 1000",)),
        ("chargeback", ("credit", "debit"), ("380 EUR DE 0.19 2000",)),
        ("chargeback_reversal", ("debit", "credit"), ("95 EUR DE 0.19 500",)),
        ("sale", ("debit", "credit"), ("42 EUR",)),
    ):
        cash, tax = sides
        total = sum(int(each.split()[0]) for each in taxes)
        draft.transaction(
            kind,
            f"{cash} psp_clearing cash {total} EUR",
            *(f"{tax} tax_payable tax {each}" for each in taxes),
            order_id=None,
            effective_at=at(10, 5),
        )


def before_the_promoter_changes(draft: HandWritten) -> None:
    """HALL sells in September."""
    sell(draft, "first", 10_000, at(9, 10))


def after_the_promoter_changed(draft: HandWritten) -> None:
    """RIVAL owns the event since October, and sells in October."""
    before_the_promoter_changes(draft)
    draft.event(SHOW, organization_id=RIVAL)
    sell(draft, "second", 2_000, at(10, 10), organization_id=RIVAL)


AT_FIRST: Sequence[Callable[[HandWritten], None]] = (
    quiet_event,
    monthly_sales,
    paid_event,
    many_ways_to_pay,
    one_gift_card,
    taxes_of_every_kind,
    before_the_promoter_changes,
)
LATER = {monthly_sales: with_a_late_row, before_the_promoter_changes: after_the_promoter_changed}


@dataclass(frozen=True)
class _Desk:
    """Publishes shipped reports of the cases' organisations, and reads their files."""

    generator: ReportGenerator

    def publish(
        self, case: Callable[..., None], slug: str, period: Period, *, organization: str = HALL
    ) -> GeneratedReport:
        declared = _STARTER[slug].model_dump(mode="json", exclude_none=True)
        definition = define(
            self.generator.warehouse,
            {**declared, "formats": ["jsonl"]},
            id_of(case.__name__, organization),
        )
        [outcome] = self.generator.generate(definition, period, ReportFormat.JSONL)
        return outcome.report

    def rows(self, report: GeneratedReport, *columns: str) -> list[Row]:
        """The rows of the file, or of the block of it that has these columns."""
        assert (report.status, report.is_provisional) == ("ready", False), report.failure_message
        content = self.generator.file(report.storage_path)
        if is_zipfile(io.BytesIO(content)):
            with ZipFile(io.BytesIO(content)) as archive:
                texts = [archive.read(name).decode() for name in archive.namelist()]
        else:
            texts = [content.decode()]
        blocks = [[json.loads(line) for line in text.splitlines()] for text in texts]
        found = [rows for rows in blocks if rows and set(columns) <= rows[0].keys()]
        return found[0] if found else []

    def of(
        self, case: Callable[..., None], slug: str, period: Period, *columns: str, **who: str
    ) -> list[Row]:
        return self.rows(self.publish(case, slug, period, **who), *columns)


@pytest.fixture(scope="module")
def desk(shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> _Desk:
    """All cases, landed, built and sealed; nothing is late yet."""
    shared_pipeline.arrive(union(books_of(each.__name__, each) for each in AT_FIRST))
    shared_pipeline.land()
    shared_pipeline.build_all()
    shared_pipeline.seal_all()
    store = open_store(str(tmp_path_factory.mktemp("store")))
    return _Desk(ReportGenerator(warehouse=shared_pipeline.warehouse, store=store))


@pytest.fixture(scope="module")
def former(desk: _Desk) -> dict[str, GeneratedReport]:
    """The papers that are published before the late rows arrive."""
    return {
        "september": desk.publish(monthly_sales, "payout-statement", SEPTEMBER),
        "october": desk.publish(monthly_sales, "payout-statement", OCTOBER),
    }


@pytest.fixture(scope="module")
def later(desk: _Desk, former: dict[str, GeneratedReport], shared_pipeline: Pipeline) -> _Desk:
    """The desk after the late rows of two cases have arrived."""
    for first, then in LATER.items():
        before = books_of(first.__name__, first)
        recorded_at = RECORDED_AT + timedelta(days=1)
        after = books_of(first.__name__, then, recorded_at=recorded_at)
        shared_pipeline.arrive(later_rows(before, after))
    shared_pipeline.land()
    shared_pipeline.build_touched()
    shared_pipeline.seal_all()
    return desk


def test_the_closing_of_a_payout_statement_holds_events_that_rest_in_the_month(
    desk: _Desk,
) -> None:
    rows = desk.of(quiet_event, "payout-statement", OCTOBER, "closing_minor")

    assert sorted((row["opening_minor"], row["closing_minor"]) for row in rows) == [
        (0, 394_394),
        (1_123_000, 1_123_000),
    ]
    assert sum(row["closing_minor"] for row in rows) == 1_517_394


def test_october_opens_with_the_new_closing_of_september_after_a_late_row(
    later: _Desk, former: dict[str, GeneratedReport]
) -> None:
    months = (SEPTEMBER, OCTOBER)
    reports = [later.publish(monthly_sales, "payout-statement", month) for month in months]

    balances = [
        (row["opening_minor"], row["closing_minor"])
        for report in reports
        for row in later.rows(report, "closing_minor")
    ]
    assert balances == [(0, 10_500), (10_500, 13_500)]
    assert [report.edition for report in reports] == [2, 2]
    assert [each.edition for each in former.values()] == [1, 1]
    assert all(before[1] == after[0] for before, after in pairwise(balances))


def test_a_settlement_of_a_paid_event_shows_the_payouts_and_what_they_leave(desk: _Desk) -> None:
    period = Period(first=None, end=date(2025, 12, 1), event_id=id_of("paid_event", SHOW))

    rows = desk.of(paid_event, "event-settlement", period, "line", "amount_minor")

    amounts = {row["line"]: row["amount_minor"] for row in rows}
    assert amounts["Paid out"] == -1_346_797
    assert rows[-1]["amount_minor"] == 1_496_440 - 1_346_797 == 149_643
    assert not any("owed" in line.lower() for line in amounts)
    assert "before payouts that name no event" in rows[-1]["line"]


def test_a_bridge_collects_cash_transfers_and_gift_cards(desk: _Desk) -> None:
    report = desk.publish(many_ways_to_pay, "bridge", OCTOBER)
    [row] = desk.rows(report, "booked_minor")
    [cash] = desk.rows(report, "collected_psp_minor")

    assert (row["booked_minor"], row["not_charged_minor"], row["charged_minor"]) == (
        18_500,
        0,
        18_500,
    )
    assert (row["charged_gift_card_minor"], row["net_revenue_minor"]) == (5_000, 13_500)
    assert (cash["collected_psp_minor"], cash["collected_bank_minor"]) == (5_000, 9_500)
    assert cash["collected_gift_card_minor"] == 4_000
    assert (cash["receivable_change_minor"], cash["residue_minor"]) == (0, 0)
    assert desk.rows(report, "transaction_id") == []


def test_a_gift_card_holds_neither_the_month_nor_the_settlement_of_another_event(
    desk: _Desk,
) -> None:
    [row] = desk.of(one_gift_card, "payout-statement", OCTOBER, "closing_minor")
    [card] = desk.of(one_gift_card, "gift-cards", OCTOBER, "closing_minor")
    other = Period(first=None, end=date(2025, 12, 1), event_id=id_of("one_gift_card", OTHER_SHOW))
    lines = desk.of(one_gift_card, "event-settlement", other, "line", "amount_minor")

    assert row["closing_minor"] == 9_000
    assert (card["gift_card_sold_minor"], card["closing_minor"]) == (5_000, 5_000)
    assert lines[-1]["amount_minor"] == 9_000


def test_a_tax_report_foots_in_each_row_and_in_total(desk: _Desk) -> None:
    rows = desk.of(taxes_of_every_kind, "tax", OCTOBER, "tax_rate", "net_tax_minor")

    names = ("tax", "refund_tax", "chargeback_tax", "chargeback_reversal_tax", "net_tax")
    assert [[row[f"{name}_minor"] for name in names] for row in rows] == [
        [700, 0, 0, 0, 700],
        [1_900, 190, 380, 95, 1_425],
        [42, 0, 0, 0, 42],
    ]
    assert sum(row["net_tax_minor"] for row in rows) == 2_167
    assert [row["net_taxable_minor"] for row in rows] == [10_000, 7_500, 0]
    assert [row["unknown_taxable_count"] for row in rows] == [0, 0, 1]
    [footing] = desk.of(taxes_of_every_kind, "tax", OCTOBER, "gross_minor")
    assert (footing["tax_minor"], footing["gross_minor"]) == (2_642, 2_642)


@pytest.mark.parametrize(
    ("organization", "booked"),
    [(HALL, {SEPTEMBER: 10_000, OCTOBER: 0}), (RIVAL, {SEPTEMBER: 0, OCTOBER: 2_000})],
)
def test_past_sales_stay_with_the_former_promoter(
    later: _Desk, organization: str, booked: dict[Period, int]
) -> None:
    found = {}
    for month in booked:
        report = later.publish(
            before_the_promoter_changes, "bridge", month, organization=organization
        )
        found[month] = sum(row["booked_minor"] for row in later.rows(report, "booked_minor"))
        shares = later.rows(report, "organizer_share_minor")
        assert sum(row["organizer_share_minor"] for row in shares) == found[month]
    assert found == booked
