"""The identities that a paper must keep: its rows foot, and its sums are those of the ledger.

They are computed from the rows of one report, so they also find a mistake in how the report reads
its dataset. A report that does not show the columns of an identity, or filters its rows, is not
asked for it. The sums of the ledger come from `report_account_movements_daily` and
`report_revenue_daily`, whose days the checks compare with the entries.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection, sql

from reporting_pipeline.domain.currencies import money_text
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS
from reporting_pipeline.report_definitions.compile import CompiledReport, compile_report
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.filters import allowed_values, comparisons

_Sums: TypeAlias = dict[tuple[str, ...], int]

_ACCOUNTS = "report_account_movements_daily"
_REVENUE, _SALES = "report_revenue_daily", "report_sales_daily"
_ACCOUNT_KIND = "account_kind"
_PAYABLE, _RECEIVABLE = ("organizer_payable",), ("buyer_receivable",)


class Moment(StrEnum):
    """The days whose changes make a sum of the ledger."""

    START = "start"
    MOVEMENT = "movement"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """In each row, `total` is the sum of `terms`; a minus subtracts."""

    terms: tuple[str, ...]
    total: str

    @property
    def columns(self) -> frozenset[str]:
        """The columns that a report must show."""
        return frozenset({self.total, *(name.removeprefix("-") for name in self.terms)})

    def __str__(self) -> str:
        return f"{_sentence(self.terms)} = {self.total}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTie:
    """The sum of a column is the balance, or the change, of kinds of account by the ledger."""

    column: str
    account_kinds: tuple[str, ...]
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTie:
    """The sum of a column is that of columns of a report table; a minus subtracts."""

    column: str
    table: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenTie:
    """An identity that a report does not keep; amounts in minor units of the currency."""

    identity: str
    currency: str
    expected: int
    found: int

    def __str__(self) -> str:
        return (
            f"{self.identity}: expected {money_text(self.expected, self.currency)}, "
            f"found {money_text(self.found, self.currency)}"
        )


def _balances(*account_kinds: str) -> tuple[AccountTie, ...]:
    return (
        AccountTie(column="opening_minor", account_kinds=account_kinds, moment=Moment.START),
        AccountTie(column="closing_minor", account_kinds=account_kinds, moment=Moment.END),
    )


_FOOTINGS: Mapping[str, tuple[Footing, ...]] = {
    "payable_statement": (
        Footing(
            terms=(
                *("opening_minor", "organizer_share_minor", "-platform_fee_minor"),
                *("-processing_fee_minor", "-chargeback_fee_minor", "adjustment_minor"),
                *("-reserve_held_minor", "reserve_released_minor", "-payout_minor"),
                "payout_reversal_minor",
            ),
            total="closing_minor",
        ),
    ),
    "reserve_statement": (
        Footing(
            terms=("opening_minor", "held_minor", "-released_minor", "other_change_minor"),
            total="closing_minor",
        ),
    ),
    "gift_card_statement": (
        Footing(
            terms=(
                *("opening_minor", "gift_card_sold_minor", "-gift_card_returned_minor"),
                *("-collected_gift_card_minor", "repaid_gift_card_minor", "other_change_minor"),
            ),
            total="closing_minor",
        ),
    ),
    "account_statement": (Footing(terms=("opening_minor", "change_minor"), total="closing_minor"),),
    "tax_daily": (
        Footing(
            terms=(
                *("tax_minor", "-refund_tax_minor", "-chargeback_tax_minor"),
                "chargeback_reversal_tax_minor",
            ),
            total="net_tax_minor",
        ),
    ),
    "revenue_daily": (
        Footing(
            terms=(
                *("face_value_minor", "addon_minor", "donation_minor", "service_fee_minor"),
                *("facility_fee_minor", "shipping_fee_minor", "cancellation_fee_minor"),
                "tax_minor",
            ),
            total="gross_minor",
        ),
        Footing(
            terms=(
                *("gross_minor", "-refund_minor", "-chargeback_minor"),
                "chargeback_reversal_minor",
            ),
            total="net_revenue_minor",
        ),
    ),
    "order_movements": (
        Footing(terms=("face_value_minor", "fee_minor", "tax_minor"), total="gross_minor"),
        Footing(terms=("gross_minor", "-returned_gross_minor"), total="net_gross_minor"),
    ),
    "bridge": (
        Footing(terms=("booked_minor", "-not_charged_minor"), total="charged_minor"),
        Footing(
            terms=(
                *("charged_minor", "-charged_gift_card_minor", "-chargeback_minor"),
                "chargeback_reversal_minor",
            ),
            total="net_revenue_minor",
        ),
        Footing(
            terms=(
                *("collected_psp_minor", "collected_bank_minor", "collected_gift_card_minor"),
                *("-repaid_psp_minor", "-repaid_bank_minor", "-repaid_gift_card_minor"),
                *("receivable_change_minor", "residue_minor", "-gift_card_sold_minor"),
                "gift_card_returned_minor",
            ),
            total="net_revenue_minor",
        ),
        Footing(
            terms=(
                *("net_revenue_minor", "-not_organizers_tax_minor"),
                "-not_organizers_other_minor",
            ),
            total="organizer_share_minor",
        ),
        Footing(
            terms=("payable_change_minor", "paid_out_minor", "costs_minor"),
            total="organizer_share_minor",
        ),
    ),
}
_LEDGER_TIES: Mapping[str, tuple[AccountTie | TableTie, ...]] = {
    "payable_statement": _balances("organizer_payable"),
    "reserve_statement": _balances("organizer_reserve"),
    "gift_card_statement": _balances("gift_card_liability"),
    "tax_daily": tuple(
        TableTie(column=name, table=_REVENUE, terms=(name,))
        for name in (
            *("tax_minor", "refund_tax_minor", "chargeback_tax_minor"),
            "chargeback_reversal_tax_minor",
        )
    ),
    "bridge": (
        AccountTie(column="payable_change_minor", account_kinds=_PAYABLE, moment=Moment.MOVEMENT),
        AccountTie(
            column="receivable_change_minor", account_kinds=_RECEIVABLE, moment=Moment.MOVEMENT
        ),
    ),
    "bridge_residues": (
        TableTie(
            column="residue_minor",
            table=_REVENUE,
            terms=(
                *("net_revenue_minor", "gift_card_sold_minor", "-gift_card_returned_minor"),
                *("-receivable_change_minor", "-collected_minor", "repaid_minor"),
            ),
        ),
    ),
    "order_movements": tuple(
        TableTie(column=name, table=_SALES, terms=(name,))
        for name in ("gross_minor", "returned_gross_minor", "net_gross_minor")
    ),
}
# Of payouts and reserves: the column of the revenue that each kind adds to what is paid out, by the
# columns of the dataset that name a kind.
_PAID_OUT: Mapping[str, Mapping[str, str]] = {
    "transaction_kind": {
        "payout": "payout_minor",
        "payout_reversal": "-payout_reversal_minor",
        "reserve_hold": "reserve_held_minor",
        "reserve_release": "-reserve_released_minor",
    },
    "transaction_name": {
        "Payout": "payout_minor",
        "Payout that came back": "-payout_reversal_minor",
        "Held back in reserve": "reserve_held_minor",
        "Released from reserve": "-reserve_released_minor",
    },
}
# Of a statement of accounts: the ledger's column of each figure, and the days that make it.
_ACCOUNT_FIGURES: Mapping[str, tuple[str, Moment]] = {
    "opening_minor": ("change_minor", Moment.START),
    "debit_minor": ("debit_minor", Moment.MOVEMENT),
    "credit_minor": ("credit_minor", Moment.MOVEMENT),
    "change_minor": ("change_minor", Moment.MOVEMENT),
    "closing_minor": ("change_minor", Moment.END),
}
# Of a settlement: the lines that a line is the sum of.
_LINES: Mapping[str, list[str]] = {
    "05": ["01", "02", "03", "04"],
    "08": ["05", "06", "07"],
    "17": ["08", "09", "10", "11", "12", "13", "14", "15", "16"],
}

_DAYS = {
    Moment.START: sql.SQL("date < %(first)s"),
    Moment.MOVEMENT: sql.SQL("(%(first)s::date is null or date >= %(first)s) and date < %(end)s"),
    Moment.END: sql.SQL("date < %(end)s"),
}
_LEDGER = sql.SQL("""
    select {keys}, {sum}
    from {table}
    where
        organization_id = %(organization_id)s
        and {of_event}
        and {rows}
        and {days}
    group by {keys}
""")
_OF_ROWS = sql.SQL("""
    select {keys}, {figures} from ({rows}) as report group by {keys} order by {keys}
""")
_WRONG = sql.SQL("""
    min({terms}) filter (where {terms} <> {total}),
    min({total}) filter (where {terms} <> {total})
""")
_ALL = sql.SQL("true")
_OF_EVENT = sql.SQL("(%(event_id)s::uuid is null or event_id = %(event_id)s)")
_OF_NO_EVENT = sql.SQL("event_id is null")
_UNBALANCED = sql.SQL("kind = 'unbalanced'")


def broken_ties(
    connection: Connection[Any], config: ReportConfig, organization_id: UUID, period: Period
) -> list[BrokenTie]:
    """The identities that a report does not keep in the current snapshot; reads only.

    Raises:
        UnknownDataset, DefinitionInvalid: The report cannot be compiled.
    """
    found: list[BrokenTie] = []
    for part in config.parts:
        report = compile_report(part, organization_id, period)
        if report.currency is not None:
            asked = _Asked(connection, part, organization_id, period, report)
            found += [*asked.footings(), *asked.ledger_ties(), *asked.accounts()]
            found += [*asked.payouts(), *asked.settlement()]
    return found


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the sum of a column must be, by currency and perhaps more columns."""

    name: str
    column: str
    sums: _Sums


@dataclass(frozen=True)
class _Asked:
    connection: Connection[Any]
    config: ReportConfig
    organization_id: UUID
    period: Period
    report: CompiledReport

    @cached_property
    def _rows(self) -> tuple[str, dict[str, Any]]:
        # Writing the statement takes longer than running it on the rows of a small report.
        return psycopg_statement(self.report.rows)

    @property
    def _shown(self) -> frozenset[str]:
        return frozenset(column.name for column in self.report.columns)

    def footings(self) -> Iterator[BrokenTie]:
        """The rows that do not foot; the first one of each footing and currency."""
        asked = [
            footing
            for footing in _FOOTINGS.get(self.config.dataset, ())
            if footing.columns <= self._shown
        ]
        if not asked:
            return
        figures = sql.SQL(", ").join(
            _WRONG.format(terms=_added(footing.terms), total=sql.Identifier(footing.total))
            for footing in asked
        )
        rows = self._of_rows(figures)
        for place, footing in enumerate(asked):
            for currency, *amounts in rows:
                expected, found = amounts[2 * place : 2 * place + 2]
                if expected is not None:
                    yield _broken(str(footing), currency, expected, found)

    def ledger_ties(self) -> Iterator[BrokenTie]:
        """The sums of all rows that differ from the ledger."""
        if self.config.having or self._filters_other_than(_ACCOUNT_KIND):
            return
        expected: list[_Expected] = []
        for tie in _LEDGER_TIES.get(self.config.dataset, ()):
            if tie.column not in self._shown:
                continue
            if isinstance(tie, TableTie):
                of_table = "sales" if tie.table == _SALES else "revenue"
                name = f"sum of {tie.column} = {_sentence(tie.terms)} of the {of_table}"
                sums = self._ledger(tie.table, tie.terms, Moment.MOVEMENT)
                expected.append(_Expected(name, tie.column, sums))
            elif not self._begins_with_the_event(tie.moment):
                expected.append(self._by_accounts(tie))
        yield from self._differing(expected)

    def payouts(self) -> Iterator[BrokenTie]:
        """The sums of payouts and reserves that differ from the revenue."""
        of_no_event = self.config.dataset == "unallocated_payouts"
        if not (of_no_event or self.config.dataset == "payouts"):
            return
        if self.config.having or self._filters_other_than(*_PAID_OUT):
            return
        column = "paid_out_minor"
        if column not in self._shown:
            return
        terms = list(_PAID_OUT["transaction_kind"].values())
        for name, term_of in _PAID_OUT.items():
            allowed = allowed_values(self.config.filters, name)
            if allowed is not None:
                terms = [each for each in terms if each in {term_of.get(kind) for kind in allowed}]
        of_event = _OF_NO_EVENT if of_no_event else _OF_EVENT
        expected = self._ledger(_REVENUE, terms, Moment.MOVEMENT, of_event=of_event)
        if of_no_event:  # only in the currencies of the event
            shown = {currency for currency, _ in self._of_rows(_sum_of([column]))}
            expected = {keys: minor for keys, minor in expected.items() if keys[0] in shown}
        name = f"sum of {column} = {_sentence(terms)} of the revenue"
        yield from self._differing([_Expected(name, column, expected)])

    def accounts(self) -> Iterator[BrokenTie]:
        """The kinds of account whose figures differ from the ledger, or that do not balance."""
        if self.config.dataset != "account_statement" or self.config.having:
            return
        if self._filters_other_than(_ACCOUNT_KIND):
            return
        allowed = allowed_values(self.config.filters, _ACCOUNT_KIND)
        kinds = None if allowed is None else sorted(allowed)
        by = sorted({_ACCOUNT_KIND} & self._shown)
        if kinds is None and not by:
            return  # balances of all kinds of account have no sum
        expected = []
        for name, (column, moment) in _ACCOUNT_FIGURES.items():
            if name in self._shown and not self._begins_with_the_event(moment):
                sums = self._ledger(_ACCOUNTS, [column], moment, _of_accounts(kinds), by)
                expected.append(_Expected(f"{name} by the ledger", name, sums))
        yield from self._differing(expected, by)
        if kinds is None:
            yield from self._debits_and_credits()

    def _debits_and_credits(self) -> Iterator[BrokenTie]:
        # The entries of one event need not balance; those of an unbalanced transaction do not.
        if self.period.event_id or not {"debit_minor", "credit_minor"} <= self._shown:
            return
        unbalanced = self._ledger(
            RECONCILIATION_BREAKS.name, ["ledger_minor"], Moment.MOVEMENT, _UNBALANCED
        )
        sums = sql.SQL("sum(debit_minor), sum(credit_minor)")
        for currency, debits, credits_ in self._of_rows(sums):
            expected = credits_ - unbalanced.get((currency,), 0)
            if debits != expected:
                yield _broken("sum of debits = sum of credits", currency, expected, debits)

    def settlement(self) -> Iterator[BrokenTie]:
        """The lines of a settlement that do not foot, or do not end in the ledger's balance."""
        shown = {"line_number", "amount_minor"} <= self._shown
        if self.config.dataset != "settlement_lines" or not shown:
            return
        sums = sql.SQL(", ").join(
            sql.SQL("sum(amount_minor) filter (where line_number = any({}))").format(
                sql.Literal(lines)
            )
            for total, terms in _LINES.items()
            for lines in ([total], terms)
        )
        balances = self._ledger(_ACCOUNTS, ["change_minor"], Moment.END, _of_accounts(_PAYABLE))
        for currency, *amounts in self._of_rows(sums):
            for number, (total, terms) in zip(
                _LINES, zip(amounts[::2], amounts[1::2], strict=True), strict=True
            ):
                if total != terms:
                    yield _broken(f"line {number} = its terms", currency, terms, total)
            balance = balances.get((currency,), 0)
            if amounts[-2] != balance:
                name = "last line = balance of organizer_payable"
                yield _broken(name, currency, balance, amounts[-2])

    def _by_accounts(self, tie: AccountTie) -> _Expected:
        kinds = tie.account_kinds
        sums = self._ledger(_ACCOUNTS, ["change_minor"], tie.moment, _of_accounts(kinds))
        name = f"sum of {tie.column} = {tie.moment} of {', '.join(kinds)} by the ledger"
        return _Expected(name, tie.column, sums)

    def _differing(
        self, expected: Sequence[_Expected], by: Sequence[str] = ()
    ) -> Iterator[BrokenTie]:
        """The sums of columns over the report's rows that are not the expected ones."""
        if not expected:
            return
        figures = sql.SQL(", ").join(_sum_of([each.column]) for each in expected)
        rows = self._of_rows(figures, by)
        keys_count = 1 + len(by)
        for place, each in enumerate(expected, start=keys_count):
            found = {tuple(row[:keys_count]): row[place] for row in rows}
            for keys in sorted(each.sums.keys() | found.keys()):
                if each.sums.get(keys, 0) != found.get(keys, 0):
                    identity = " ".join([each.name, *("of " + key for key in keys[1:])])
                    yield _broken(identity, keys[0], each.sums.get(keys, 0), found.get(keys, 0))

    def _of_rows(
        self, figures: sql.Composed | sql.SQL, by: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Figures over the report's rows by currency, and by the columns `by`.

        The caller asks for all its figures at once: PostgreSQL plans the statement of a report
        longer than it runs it on the rows of a small one.
        """
        rows, parameters = self._rows
        keys = sql.SQL(", ").join(sql.Identifier(key) for key in (str(self.report.currency), *by))
        statement = _OF_ROWS.format(
            keys=keys,
            figures=figures,
            rows=sql.SQL(rows),  # compiled from columns of the registry; values are bound
        )
        return self.connection.execute(statement, parameters).fetchall()

    def _ledger(
        self,
        table: str,
        terms: Sequence[str],
        moment: Moment,
        rows: sql.Composable = _ALL,
        by: Sequence[str] = (),
        *,
        of_event: sql.Composable = _OF_EVENT,
    ) -> _Sums:
        """Sums of a report table by currency, and by the columns `by`."""
        query = _LEDGER.format(
            keys=sql.SQL(", ").join(sql.Identifier(key) for key in ("currency", *by)),
            sum=_sum_of(terms),
            of_event=of_event,
            table=sql.Identifier("reporting", table),
            rows=rows,
            days=_DAYS[moment],
        )
        bound = {
            "organization_id": self.organization_id,
            "event_id": self.period.event_id,
            "first": self.period.first,
            "end": self.period.end,
        }
        return {tuple(keys): int(minor) for *keys, minor in self.connection.execute(query, bound)}

    def _begins_with_the_event(self, moment: Moment) -> bool:
        """True for an opening balance of a report that begins with its event: it is 0."""
        return moment is Moment.START and self.period.first is None

    def _filters_other_than(self, *columns: str) -> bool:
        names = {each.column for _, each in comparisons(self.config.filters, "filters")}
        return bool(names - set(columns))


def _sum_of(terms: Sequence[str]) -> sql.Composed:
    return sql.SQL("sum({})").format(_added(terms))


def _added(terms: Sequence[str]) -> sql.Composable:
    """Columns as one figure; a minus subtracts."""
    return sql.SQL("0::numeric") + sql.SQL("").join(
        sql.SQL(" - {}" if name.startswith("-") else " + {}").format(
            sql.Identifier(name.removeprefix("-"))
        )
        for name in terms
    )


def _sentence(terms: Sequence[str]) -> str:
    return " + ".join(terms).replace("+ -", "- ")


def _of_accounts(kinds: Sequence[str] | None) -> sql.Composable:
    if kinds is None:
        return _ALL
    return sql.SQL("account_kind = any({})").format(sql.Literal(list(kinds)))


def _broken(identity: str, currency: str, expected: Any, found: Any) -> BrokenTie:
    return BrokenTie(
        identity=identity, currency=currency, expected=int(expected or 0), found=int(found or 0)
    )
