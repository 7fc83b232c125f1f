"""The shipped papers of the clean books equal those of an independent oracle, in every month."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.publishing.ties import broken_ties
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.config import ColumnChoice, ReportConfig
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.books import BOOKS, read_paper
from reporting_pipeline_tests.oracle import papers
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.papers import Figures, Paper

# Column of a shipped report -> figure of the oracle, and its sign there.
_PAYOUTS = {
    "opening_minor": ("opening", 1),
    "organizer_share_minor": ("share", 1),
    "platform_fee_minor": ("platform_fee", -1),
    "processing_fee_minor": ("processing_fee", -1),
    "chargeback_fee_minor": ("chargeback_fee", -1),
    "adjustment_minor": ("adjustment", 1),
    "reserve_held_minor": ("reserve_held", -1),
    "reserve_released_minor": ("reserve_released", 1),
    "payout_minor": ("payout", -1),
    "payout_reversal_minor": ("payout_reversal", 1),
    "closing_minor": ("closing", 1),
}
_RESERVES = {
    "opening_minor": ("opening", 1),
    "held_minor": ("held", 1),
    "released_minor": ("released", -1),
    "other_change_minor": ("other", 1),
    "closing_minor": ("closing", 1),
}
_GIFT_CARDS = {
    "opening_minor": ("opening", 1),
    "gift_card_sold_minor": ("sold", 1),
    "gift_card_returned_minor": ("returned", -1),
    "collected_gift_card_minor": ("redeemed", -1),
    "repaid_gift_card_minor": ("given_as_credit", 1),
    "other_change_minor": ("other", 1),
    "closing_minor": ("closing", 1),
}
_RECEIVABLES = {
    "opening_minor": ("opening", 1),
    "debit_minor": ("debit", 1),
    "credit_minor": ("credit", -1),
    "closing_minor": ("closing", 1),
}
_TRIAL_BALANCE = {
    "opening_minor": ("opening", 1),
    "debit_minor": ("debit", 1),
    "credit_minor": ("credit", 1),
    "closing_minor": ("closing", 1),
}
_TAX = {
    name: (name if name.endswith("count") else name.removesuffix("_minor"), 1)
    for name in (
        "taxable_minor",
        "tax_minor",
        "refund_tax_minor",
        "chargeback_tax_minor",
        "chargeback_reversal_tax_minor",
        "net_tax_minor",
        "net_taxable_minor",
        "unknown_taxable_count",
    )
}
_BRIDGE = {
    f"{name}_minor": (name, 1)
    for name in (
        *("booked", "not_charged", "charged", "charged_gift_card", "chargeback"),
        *("chargeback_reversal", "net_revenue", "gift_card_sold", "gift_card_returned"),
        *("receivable_change", "residue", "collected_psp", "collected_bank"),
        *("collected_gift_card", "repaid_psp", "repaid_bank", "repaid_gift_card"),
        *("costs", "payable_change", "paid_out"),
    )
} | {"organizer_share_minor": ("share", 1)}

_STEPS = ("sales-to-revenue", "revenue-to-cash", "revenue-to-payout")

# Line of a settlement -> figure of the oracle, where costs and payments are negative, and its sign.
_SETTLEMENT = [
    ("gross", 1),
    ("refund", -1),
    ("chargeback", -1),
    ("chargeback_reversal", 1),
    ("net_revenue", 1),
    ("not_organisers_tax", -1),
    ("not_organisers_other", -1),
    ("share", 1),
    ("platform_fee", 1),
    ("processing_fee", 1),
    ("chargeback_fee", 1),
    ("adjustment", 1),
    ("reserve_held", 1),
    ("reserve_released", 1),
    ("payout", 1),
    ("payout_reversal", 1),
    ("payable_change", 1),
]

_EVENT = ("currency", "event_id")
_PAPERS = [
    ("payout-statement", papers.payout_statement, _EVENT, _PAYOUTS),
    ("reserve-statement", papers.reserve_statement, _EVENT, _RESERVES),
    ("gift-cards", papers.gift_cards, _EVENT, _GIFT_CARDS),
    ("receivables", papers.receivables, _EVENT, _RECEIVABLES),
    ("trial-balance", papers.trial_balance, ("currency", "account_kind"), _TRIAL_BALANCE),
    ("tax", papers.tax, ("currency", "tax_jurisdiction", "tax_rate"), _TAX),
]


@pytest.fixture(scope="module")
def books() -> Books:
    return Books.from_dump(BOOKS / "clean" / "dump")


@pytest.fixture(scope="module")
def built(shared_pipeline: Pipeline) -> Pipeline:
    """The clean books, landed and built."""
    load_dump(BOOKS / "clean" / "dump", shared_pipeline.sources)
    shared_pipeline.land()
    shared_pipeline.build_all()
    return shared_pipeline


@pytest.mark.parametrize(("slug", "compute", "key", "columns"), _PAPERS)
def test_a_shipped_statement_has_the_rows_of_the_oracle_and_no_others(
    built: Pipeline,
    books: Books,
    slug: str,
    compute: Callable[[Books], Paper],
    key: Sequence[str],
    columns: Mapping[str, tuple[str, int]],
) -> None:
    expected = compute(books)
    config = _config(slug, key)
    found: Paper = {}
    with warehouse_connection(built.warehouse) as connection:
        for organization, month in _months(books):
            for row in _rows(connection, config, organization, month):
                figures = {
                    figure: sign * int(row[column]) for column, (figure, sign) in columns.items()
                }
                name = (organization, *(_plain(row[each]) for each in key), month.token)
                assert name not in found
                found[name] = figures

    names = {figure for figure, _ in columns.values()}
    assert len(expected) > 200
    assert _not_zero(found, names) == _not_zero(expected, names)


@pytest.mark.parametrize("slug", ["bridge", *(slug for slug, *_ in _PAPERS)])
def test_every_identity_of_a_shipped_paper_is_kept_in_each_month(
    built: Pipeline, books: Books, slug: str
) -> None:
    config = _config(slug, ())
    with warehouse_connection(built.warehouse) as connection:
        for organization, month in _months(books):
            assert broken_ties(connection, config, UUID(organization), month) == []


def test_the_shipped_settlement_of_each_event_is_that_of_the_oracle(
    built: Pipeline, books: Books
) -> None:
    settlements = papers.Settlements(books)
    config = _config("event-settlement", (), "money")
    [shipped] = [e.config for e in read_folder(STARTER_SET) if e.slug == "event-settlement"]
    count = 0
    with warehouse_connection(built.warehouse) as connection:
        for row in read_paper("event_settlement"):
            day = date.fromisoformat(row["date"])
            period = Period(first=None, end=day + timedelta(days=1), event_id=UUID(row["event_id"]))
            lines = [
                line
                for line in _rows(connection, config, row["organization_id"], period)
                if line["currency"] == row["currency"]
            ]
            key = (row["event_id"], row["organization_id"], row["currency"], day)
            figures = settlements.figures(*key)
            amounts = [int(line["amount_minor"]) for line in lines]
            expected = [sign * figures.get(name, 0) for name, sign in _SETTLEMENT]
            assert amounts == expected or (not amounts and not any(expected))
            assert broken_ties(connection, shipped, UUID(row["organization_id"]), period) == []
            count += 1
    assert count == 318


def test_the_shipped_bridge_foots_to_the_oracle(built: Pipeline, books: Books) -> None:
    configs = [_config("bridge", _EVENT, each) for each in _STEPS]
    found: dict[tuple[Any, ...], Figures] = {}
    with warehouse_connection(built.warehouse) as connection:
        for organization, month in _months(books):
            of_month: dict[tuple[Any, Any], dict[str, Any]] = {}
            for row in (
                r for each in configs for r in _rows(connection, each, organization, month)
            ):
                of_month.setdefault((row["currency"], row["event_id"]), {}).update(row)
            for (currency, _), row in of_month.items():
                sums = found.setdefault((organization, currency, month.token), {})
                for column, (figure, _) in _BRIDGE.items():
                    sums[figure] = sums.get(figure, 0) + int(row[column])
                taxes_and_others = (
                    row["not_organizers_tax_minor"] + row["not_organizers_other_minor"]
                )
                sums["not_organisers"] = sums.get("not_organisers", 0) + int(taxes_and_others)

    names = {*(figure for figure, _ in _BRIDGE.values()), "not_organisers"}
    assert _not_zero(found, names) == _not_zero(papers.bridge(books), names)


def _config(slug: str, key: Sequence[str], block: str = "") -> ReportConfig:
    """The config of a shipped report or of its block, which also shows the ids of its rows."""
    [declared] = [each for each in read_folder(STARTER_SET) if each.slug == slug]
    names = [each.name for each in declared.config.blocks]
    config = declared.config.parts[names.index(block) if block else 0]
    shown = {each.name for each in config.columns}
    more = tuple(ColumnChoice(name=name) for name in key if name not in shown)
    return config.model_copy(update={"columns": (*config.columns, *more)})


def _rows(
    connection: Connection[Any], config: ReportConfig, organization: str, period: Period
) -> list[dict[str, Any]]:
    report = compile_report(config, UUID(organization), period)
    statement, parameters = psycopg_statement(report.rows)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode(), parameters).fetchall()


def _months(books: Books) -> list[tuple[str, Period]]:
    organizations = {line.organization for line in papers.lines(books)}
    return [
        (organization, Period(first=first, end=end))
        for organization in sorted(organizations)
        for first, end in papers.months(papers.lines(books))
    ]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _not_zero(paper: Paper, names: set[str]) -> Paper:
    kept = {
        key: {name: minor for name, minor in figures.items() if minor and name in names}
        for key, figures in paper.items()
    }
    return {key: figures for key, figures in kept.items() if figures}
