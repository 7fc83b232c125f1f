"""The papers of statements.md, computed from the source rows: balances, tax, bridge, settlements.

Each paper is a dict from its key to its figures. Amounts are in minor units of the key's currency.
Rows whose figures are all 0 are left out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import movement_day, transaction_day

Key = tuple[Any, ...]
Figures = dict[str, int]
Paper = dict[Key, Figures]

BUYER: Final = (
    *("face_value", "addon", "donation", "service_fee", "facility_fee", "shipping_fee"),
    *("cancellation_fee", "tax"),
)
FEES: Final = ("platform_fee", "processing_fee", "chargeback_fee")
DEBIT_KINDS: Final = frozenset(
    {"psp_clearing", "bank", "buyer_receivable", "processing_fee_expense", "chargeback_loss"}
)
_SIDES: Final = {
    "payout": ("payout", "payout", -1),
    "payout_reversal": ("payout_reversal", "payout", 1),
    "reserve_hold": ("reserve_held", "reserve", -1),
    "reserve_release": ("reserve_released", "reserve", 1),
}
_IN: Final = ("chargeback_reversal", "payment", "sale")
_OUT: Final = ("refund", "repayment", "chargeback")


@dataclass(frozen=True)
class Line:
    """An amount on an account: of an entry, or the part that payout items move to another event."""

    organization: str
    event: str | None
    day: date
    currency: str
    account: str
    component: str
    kind: str
    transaction: str
    credit: int
    entry: Mapping[str, Any] | None

    def counts(self, component: str | Iterable[str], *kinds: str) -> bool:
        """True if the line is of one of the components and, if given, kinds."""
        components = {component} if isinstance(component, str) else set(component)
        return self.component in components and (not kinds or self.kind in kinds)


def lines(books: Books) -> list[Line]:
    """All entries, and on organizer_payable the amounts that items move between events."""
    accounts, transactions = books["ledger.accounts"], books["ledger.transactions"]
    days = {key: transaction_day(books, each) for key, each in transactions.items()}
    found = []
    for entry in books["ledger.entries"].values():
        transaction = transactions[entry["transaction_id"]]
        amount = entry["amount_minor"]
        found.append(
            Line(
                organization=transaction["organization_id"],
                event=transaction["event_id"],
                day=days[transaction["id"]],
                currency=entry["currency"],
                account=accounts[entry["account_id"]]["kind"],
                component=entry["component"],
                kind=transaction["kind"],
                transaction=transaction["id"],
                credit=amount if entry["direction"] == "credit" else -amount,
                entry=entry,
            )
        )
    return [*found, *_moved(books, found, days)]


@dataclass
class Allocation:
    """A payout or reserve of no event: its amount, and the part that its items name."""

    amount: int = 0
    item_count: int = 0
    allocated: int = 0


def allocations(books: Books, found: Iterable[Line]) -> dict[tuple[str, str], Allocation]:
    """Transaction and currency of each payout or reserve -> its amount and allocated part."""
    result: dict[tuple[str, str], Allocation] = defaultdict(Allocation)
    for line in found:
        side = _SIDES.get(line.kind)
        if side and line.account == "organizer_payable" and line.component == side[1]:
            result[line.transaction, line.currency].amount += side[2] * line.credit
    items: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for item in books["ledger.payout_items"].values():
        items[item["transaction_id"], item["currency"]].append(item)
    for key, group in items.items():
        transaction = books["ledger.transactions"][key[0]]
        total = sum(item["amount_minor"] for item in group)
        is_allowed = transaction["kind"] in _SIDES and transaction["event_id"] is None
        known = all(item["event_id"] in books["ticketing.events"] for item in group)
        if is_allowed and known and total <= result[key].amount:
            result[key].item_count = len(group)
            result[key].allocated = total
    return result


def _moved(books: Books, found: list[Line], days: Mapping[str, date]) -> Iterator[Line]:
    allocated = allocations(books, found)
    for item in books["ledger.payout_items"].values():
        transaction = books["ledger.transactions"][item["transaction_id"]]
        if not allocated[transaction["id"], item["currency"]].allocated:
            continue
        _, component, sign = _SIDES[transaction["kind"]]
        for event, part in ((item["event_id"], 1), (None, -1)):
            yield Line(
                organization=transaction["organization_id"],
                event=event,
                day=days[transaction["id"]],
                currency=item["currency"],
                account="organizer_payable",
                component=component,
                kind=transaction["kind"],
                transaction=transaction["id"],
                credit=sign * part * item["amount_minor"],
                entry=None,
            )


def months(found: Iterable[Line]) -> list[tuple[date, date]]:
    """The months [first, next first) from the first to the last line."""
    days = [line.day for line in found]
    first, result = min(days).replace(day=1), []
    while first <= max(days):
        following = (first + timedelta(days=32)).replace(day=1)
        result.append((first, following))
        first = following
    return result


Classify = Callable[[Line], str]


def _balance_paper(
    found: list[Line],
    leaf: Callable[[Line], Key | None],
    classify: Classify,
    sign: Callable[[Line], int],
) -> Paper:
    """Opening, movements by class and closing of each leaf and month, by (*leaf, month)."""
    paper: Paper = {}
    by_leaf: dict[Key, list[Line]] = defaultdict(list)
    for line in found:
        if (key := leaf(line)) is not None:
            by_leaf[key].append(line)
    of_all = months(found)
    for key, of_leaf in by_leaf.items():
        balance = 0
        for first, end in of_all:
            figures: Figures = defaultdict(int)
            figures["opening"] = balance
            for line in of_leaf:
                if first <= line.day < end:
                    balance += sign(line)
                    figures[classify(line)] += sign(line)
            figures["closing"] = balance
            if any(figures.values()):
                paper[(*key, f"{first:%Y-%m}")] = {k: v for k, v in figures.items() if v}
    return paper


def _events_of(account: str) -> Callable[[Line], Key | None]:
    def leaf(line: Line) -> Key | None:
        if line.account != account:
            return None
        return line.organization, line.currency, line.event

    return leaf


def _credit(line: Line) -> int:
    return line.credit


def _debit(line: Line) -> int:
    return -line.credit


def payable_class(line: Line) -> str:
    """The column of a payout statement in which a line of organizer_payable counts."""
    if line.component in (*FEES, "adjustment"):
        return line.component
    side = _SIDES.get(line.kind)
    return side[0] if side and line.component == side[1] else "share"


def payout_statement(books: Books) -> Paper:
    """(organisation, currency, event, month) -> signed movements of organizer_payable."""
    return _balance_paper(lines(books), _events_of("organizer_payable"), payable_class, _credit)


def reserve_statement(books: Books) -> Paper:
    """(organisation, currency, event, month) -> movements of organizer_reserve."""

    def classify(line: Line) -> str:
        if line.counts("reserve", "reserve_hold"):
            return "held"
        return "released" if line.counts("reserve", "reserve_release") else "other"

    return _balance_paper(lines(books), _events_of("organizer_reserve"), classify, _credit)


def gift_cards(books: Books) -> Paper:
    """(organisation, currency, event, month) -> movements of gift_card_liability."""

    def classify(line: Line) -> str:
        if line.component == "gift_card" and line.kind in ("sale", "chargeback_reversal"):
            return "sold"
        if line.component == "gift_card" and line.kind in ("refund", "chargeback"):
            return "returned"
        if line.counts("cash", *_IN):
            return "redeemed"
        return "given_as_credit" if line.counts("cash", *_OUT) else "other"

    return _balance_paper(lines(books), _events_of("gift_card_liability"), classify, _credit)


def receivables(books: Books) -> Paper:
    """(organisation, currency, event, month) -> movements of buyer_receivable, debits positive."""

    def classify(line: Line) -> str:
        return "debit" if line.credit < 0 else "credit"

    return _balance_paper(lines(books), _events_of("buyer_receivable"), classify, _debit)


def trial_balance(books: Books) -> Paper:
    """(organisation, currency, account kind, month) -> opening, debits, credits, closing."""

    def sign(line: Line) -> int:
        return -line.credit if line.account in DEBIT_KINDS else line.credit

    def leaf(line: Line) -> Key | None:
        return (line.organization, line.currency, line.account) if line.entry else None

    def side(line: Line) -> str:
        return "debit" if line.credit < 0 else "credit"

    paper = _balance_paper(lines(books), leaf, side, sign)
    return {
        key: {
            name: abs(minor) if name in {"debit", "credit"} else minor
            for name, minor in figures.items()
        }
        for key, figures in paper.items()
    }


def tax(books: Books) -> Paper:
    """(organisation, currency, jurisdiction, rate, month) -> taxes and their bases."""
    paper: dict[Key, Figures] = defaultdict(lambda: defaultdict(int))
    prefixes = {
        "sale": ("", 1),
        "refund": ("refund_", -1),
        "chargeback": ("chargeback_", -1),
        "chargeback_reversal": ("chargeback_reversal_", 1),
    }
    for line in lines(books):
        if line.component != "tax" or line.kind not in prefixes or line.entry is None:
            continue
        prefix, sign = prefixes[line.kind]
        rate = line.entry["tax_rate"]
        key = (line.organization, line.currency, line.entry["tax_jurisdiction"])
        figures = paper[(*key, None if rate is None else Decimal(rate), f"{line.day:%Y-%m}")]
        base = line.entry["taxable_minor"]
        figures["unknown_taxable_count"] += base is None
        figures[f"{prefix}tax"] += sign * line.credit
        figures["net_tax"] += line.credit
        signed_base = (base or 0) if line.credit > 0 else -(base or 0)
        figures[f"{prefix}taxable"] += sign * signed_base
        figures["net_taxable"] += signed_base
    return {key: dict(figures) for key, figures in paper.items()}


_BUYER_SIDE: Final = {
    "sale": ("gross", 1),
    "refund": ("refund", -1),
    "chargeback": ("chargeback", -1),
    "chargeback_reversal": ("chargeback_reversal", 1),
}
_CARD_SIDE: Final = {
    "sale": ("gift_card_sold", 1),
    "refund": ("gift_card_returned", -1),
    "chargeback": ("gift_card_returned", -1),
    "chargeback_reversal": ("gift_card_sold", 1),
}


def bridge_figures(found: Iterable[Line]) -> Figures:
    """The ledger's part of a bridge over some lines."""
    figures: Figures = defaultdict(int)
    for line in found:
        _add_buyer(figures, line)
        _add_cash(figures, line)
        if line.account == "buyer_receivable":
            figures["receivable_change"] -= line.credit
        if line.account == "organizer_payable":
            figures["payable_change"] += line.credit
            figures[payable_class(line)] += line.credit
    _derive(figures)
    return figures


def _add_buyer(figures: Figures, line: Line) -> None:
    is_card = line.component == "gift_card"
    if not is_card and line.component not in BUYER:
        return
    if line.kind in {"sale", "refund"}:
        figures["charged"] += line.credit
        figures["charged_gift_card"] += line.credit if is_card else 0
    side = (_CARD_SIDE if is_card else _BUYER_SIDE).get(line.kind)
    if side:
        figures[side[0]] += side[1] * line.credit


def _add_cash(figures: Figures, line: Line) -> None:
    names = {"psp_clearing": "psp", "bank": "bank", "gift_card_liability": "gift_card"}
    name = names.get(line.account)
    if name is None or line.component != "cash":
        return
    if line.kind in _IN:
        figures[f"collected_{name}"] -= line.credit
    if line.kind in _OUT:
        figures[f"repaid_{name}"] += line.credit


def _derive(figures: Figures) -> None:
    figures["net_revenue"] = (
        figures["gross"]
        - figures["refund"]
        - figures["chargeback"]
        + figures["chargeback_reversal"]
    )
    accounts = ("psp", "bank", "gift_card")
    figures["collected_less_repaid"] = sum(
        figures[f"collected_{each}"] - figures[f"repaid_{each}"] for each in accounts
    )
    figures["residue"] = (
        figures["net_revenue"]
        + figures["gift_card_sold"]
        - figures["gift_card_returned"]
        - figures["receivable_change"]
        - figures["collected_less_repaid"]
    )
    figures["collected_less_share"] = figures["collected_less_repaid"] - figures["share"]
    figures["not_organisers"] = figures["net_revenue"] - figures["share"]
    figures["costs"] = -sum(figures[each] for each in (*FEES, "adjustment"))
    figures["paid_out"] = -sum(figures[side] for side, _, _ in _SIDES.values())


def bookings(books: Books) -> Iterator[tuple[str, str, str, date, int]]:
    """Organisation, event, currency, day and gross of each movement of Ticketing."""
    for movement in books["ticketing.order_line_movements"].values():
        order = books["ticketing.orders"][movement["order_id"]]
        minor = movement["list_minor"] - movement["discount_minor"]
        minor += movement["fee_minor"] + movement["tax_minor"]
        day = movement_day(books, movement)
        yield order["organization_id"], order["event_id"], order["currency"], day, minor


def bridge(books: Books) -> Paper:
    """(organisation, currency, month) -> from booked to paid out."""
    of_month: dict[Key, list[Line]] = defaultdict(list)
    booked: dict[Key, int] = defaultdict(int)
    for line in lines(books):
        of_month[line.organization, line.currency, f"{line.day:%Y-%m}"].append(line)
    for organization, _, currency, day, minor in bookings(books):
        booked[organization, currency, f"{day:%Y-%m}"] += minor
    paper = {}
    for key in of_month.keys() | booked.keys():
        figures = bridge_figures(of_month.get(key, ()))
        figures["booked"] = booked[key]
        figures["not_charged"] = booked[key] - figures["charged"]
        paper[key] = dict(figures)
    return paper


class Settlements:
    """The settlements of the events of some books; the books are read once."""

    def __init__(self, books: Books) -> None:
        self._lines: dict[Key, list[Line]] = defaultdict(list)
        self._booked: dict[Key, list[tuple[date, int]]] = defaultdict(list)
        for line in lines(books):
            self._lines[line.event, line.organization, line.currency].append(line)
        for organization, event, currency, day, minor in bookings(books):
            self._booked[event, organization, currency].append((day, minor))

    def figures(self, event: str, organization: str, currency: str, day: date) -> Figures:
        """The figures of an event as of a day, for one organisation and currency."""
        key = (event, organization, currency)
        of_event = [line for line in self._lines[key] if line.day <= day]
        figures = bridge_figures(of_event)
        figures["booked"] = sum(minor for at, minor in self._booked[key] if at <= day)
        kinds = ("sale", "refund", "chargeback", "chargeback_reversal")
        for line in of_event:
            if line.counts("tax", *kinds):
                figures["net_tax"] += line.credit
                if line.account != "organizer_payable":
                    figures["not_organisers_tax"] += line.credit
        figures["not_organisers_other"] = figures["not_organisers"] - figures["not_organisers_tax"]
        figures["balance"] = figures["payable_change"]
        return dict(figures)
