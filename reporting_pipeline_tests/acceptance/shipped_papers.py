"""The shipped papers as the oracle computes them: which column is which figure, and their rows.

A paper is a dict from its key to its figures (`oracle.papers`). The rows are read as a report reads
them, with the ids of the rows beside their names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.config import ColumnChoice, ReportConfig
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline_tests.oracle import papers
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.papers import Figures, Key, Paper

Months = Sequence[tuple[str, Period]]
"""Organisations, and months of each."""

_EVENT = ("currency", "event_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedPaper:
    """A shipped report and its paper of the oracle.

    Attributes:
        key: The columns that identify a row, apart from organisation and month.
        sums_rows: Several rows of the report have one key, and are added.
        columns: Column of the report -> figure of the oracle, and its sign there.
    """

    slug: str
    compute: Callable[[Books], Paper]
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, int]]
    sums_rows: bool = False

    def rows(self, connection: Connection[Any], months: Months) -> Paper:
        """The figures of the report in these months."""
        found: dict[Key, Figures] = defaultdict(lambda: defaultdict(int))
        for config, columns in shipped_configs(self.slug, self.columns, self.key):
            names = set()
            for organization, month in months:
                for row in report_rows(connection, config, organization, month):
                    name = (organization, *(_plain(row[each]) for each in self.key), month.token)
                    assert self.sums_rows or name not in names
                    names.add(name)
                    for column in columns:
                        figure, sign = self.columns[column]
                        found[name][figure] += sign * int(row[column])
        return _not_zero(found, self.columns)

    def expected(self, books: Books, months: Months) -> Paper:
        """The figures of the oracle in these months."""
        asked = {(organization, month.token) for organization, month in months}
        paper = {
            key: figures
            for key, figures in self.compute(books).items()
            if (key[0], key[-1]) in asked
        }
        return _not_zero(paper, self.columns)


STATEMENTS: Final = (
    ShippedPaper(
        slug="payout-statement",
        compute=papers.payout_statement,
        key=_EVENT,
        columns={
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
        },
    ),
    ShippedPaper(
        slug="reserve-statement",
        compute=papers.reserve_statement,
        key=_EVENT,
        columns={
            "opening_minor": ("opening", 1),
            "held_minor": ("held", 1),
            "released_minor": ("released", -1),
            "other_change_minor": ("other", 1),
            "closing_minor": ("closing", 1),
        },
    ),
    ShippedPaper(
        slug="gift-cards",
        compute=papers.gift_cards,
        key=_EVENT,
        columns={
            "opening_minor": ("opening", 1),
            "gift_card_sold_minor": ("sold", 1),
            "gift_card_returned_minor": ("returned", -1),
            "collected_gift_card_minor": ("redeemed", -1),
            "repaid_gift_card_minor": ("given_as_credit", 1),
            "other_change_minor": ("other", 1),
            "closing_minor": ("closing", 1),
        },
    ),
    ShippedPaper(
        slug="receivables",
        compute=papers.receivables,
        key=_EVENT,
        columns={
            "opening_minor": ("opening", 1),
            "debit_minor": ("debit", 1),
            "credit_minor": ("credit", -1),
            "closing_minor": ("closing", 1),
        },
    ),
    ShippedPaper(
        slug="trial-balance",
        compute=papers.trial_balance,
        key=("currency", "account_kind"),
        columns={
            "opening_minor": ("opening", 1),
            "debit_minor": ("debit", 1),
            "credit_minor": ("credit", 1),
            "closing_minor": ("closing", 1),
        },
    ),
    ShippedPaper(
        slug="tax",
        compute=papers.tax,
        key=("currency", "tax_jurisdiction", "tax_rate"),
        columns={
            name: (name if name.endswith("count") else name.removesuffix("_minor"), 1)
            for name in (
                *("taxable_minor", "tax_minor", "refund_tax_minor", "chargeback_tax_minor"),
                *("chargeback_reversal_tax_minor", "net_tax_minor", "net_taxable_minor"),
                "unknown_taxable_count",
            )
        },
    ),
)
BRIDGE: Final = ShippedPaper(
    slug="bridge",
    compute=papers.bridge,
    key=("currency",),
    sums_rows=True,
    columns={
        f"{name}_minor": (name, 1)
        for name in (
            *("booked", "not_charged", "charged", "charged_gift_card", "chargeback"),
            *("chargeback_reversal", "net_revenue", "gift_card_sold", "gift_card_returned"),
            *("receivable_change", "residue", "collected_psp", "collected_bank"),
            *("collected_gift_card", "repaid_psp", "repaid_bank", "repaid_gift_card"),
            *("costs", "payable_change", "paid_out"),
        )
    }
    | {
        "organizer_share_minor": ("share", 1),
        "not_organizers_tax_minor": ("not_organisers", 1),
        "not_organizers_other_minor": ("not_organisers", 1),
    },
)
SETTLEMENT: Final = (
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
)
"""Line of a settlement -> figure of the oracle, where costs and payments are negative, and sign."""


def shipped(slug: str) -> ReportConfig:
    """The config of a shipped report."""
    return _configs()[slug]


@cache
def _configs() -> Mapping[str, ReportConfig]:
    # Reading the folder takes longer than most statements of a report.
    return {each.slug: each.config for each in read_folder(STARTER_SET)}


def shipped_configs(
    slug: str, columns: Iterable[str], key: Sequence[str] = ()
) -> Iterator[tuple[ReportConfig, list[str]]]:
    """The configs of the blocks that show these columns, each with those that no block before has.

    Each config also shows the columns of the key.
    """
    missing = list(columns)
    for part in shipped(slug).parts:
        shown = {each.name for each in part.columns}
        if taken := [name for name in missing if name in shown]:
            more = tuple(ColumnChoice(name=name) for name in key if name not in shown)
            yield part.model_copy(update={"columns": (*part.columns, *more)}), taken
            missing = [name for name in missing if name not in shown]
    assert not missing


def settlement_config() -> ReportConfig:
    """The config of the block with the lines of a settlement."""
    [(config, _)] = shipped_configs("event-settlement", ("line_number", "amount_minor"))
    return config


def report_rows(
    connection: Connection[Any], config: ReportConfig, organization: str, period: Period
) -> list[dict[str, Any]]:
    """The rows of a report."""
    report = compile_report(config, UUID(organization), period)
    statement, parameters = psycopg_statement(report.rows)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode(), parameters).fetchall()


def months_of(books: Books) -> Months:
    """Each organisation with the months of its bookings and entries, and the month after each.

    None is after the last entry of all, as in the papers of the oracle.
    """
    days = {(line.organization, line.day) for line in papers.lines(books)}
    last = max((day for _, day in days), default=date.min)
    days |= {(organization, day) for organization, _, _, day, _ in papers.bookings(books)}
    firsts = {
        (organization, month)
        for organization, day in days
        for month in (day.replace(day=1), _following(day))
        if month <= last
    }
    return [
        (organization, Period(first=first, end=_following(first)))
        for organization, first in sorted(firsts)
    ]


def settlements(
    connection: Connection[Any], books: Books, as_of: date
) -> Iterator[tuple[Key, list[int], list[int]]]:
    """Event, organisation and currency; the lines of the oracle and those of the report."""
    config = settlement_config()
    oracle = papers.Settlements(books)
    keys = {(line.event, line.organization) for line in papers.lines(books) if line.event}
    for event, organization in sorted(keys):
        if event not in books["ticketing.events"]:
            continue
        period = Period(first=None, end=as_of + timedelta(days=1), event_id=UUID(event))
        found: dict[str, list[int]] = defaultdict(list)
        for row in report_rows(connection, config, organization, period):
            found[row["currency"]].append(int(row["amount_minor"]))
        for currency, amounts in found.items():
            figures = oracle.figures(event, organization, currency, as_of)
            expected = [sign * figures.get(name, 0) for name, sign in SETTLEMENT]
            yield (event, organization, currency), expected, amounts


def _following(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _not_zero(paper: Mapping[Key, Figures], columns: Mapping[str, tuple[str, int]]) -> Paper:
    names = {figure for figure, _ in columns.values()}
    kept = {
        key: {name: minor for name, minor in figures.items() if minor and name in names}
        for key, figures in paper.items()
    }
    return {key: figures for key, figures in kept.items() if figures}
