"""report_event_summary: the totals of an event at the end of each day, and their ratios."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import (
    event_day,
    is_final_from,
    last_day,
    movement_day,
)
from reporting_pipeline_tests.oracle.report_tables import (
    ATTENDANCE,
    REVENUE,
    SALES,
    SUMMARY,
    ReportRow,
    ReportTable,
    blank,
)
from reporting_pipeline_tests.oracle.sales import MOVEMENTS, booked_minor, is_admission
from reporting_pipeline_tests.oracle.source_tables import Row

MEASURES: Final = (
    "capacity_count",
    "hold_count",
    "kill_count",
    "sellable_count",
    "sold_today_count",
    "sold_to_date_count",
    "comped_to_date_count",
    "unpaid_to_date_count",
    "unsold_count",
    "sell_through_rate",
    "house_rate",
    "admission_to_date_count",
    "no_show_count",
    "attendance_rate",
    "occupancy_rate",
    "gross_to_date_minor",
    "refund_to_date_minor",
    "net_revenue_to_date_minor",
    "platform_fee_to_date_minor",
    "processing_fee_to_date_minor",
    "payable_to_date_minor",
    "other_currency_count",
    "other_organization_count",
)
"""The measures of the table."""

_MILLION: Final = 10**6
CAPACITY: Final = {"capacity": "capacity_count", "hold": "hold_count", "kill": "kill_count"}
"""Kind of an inventory movement -> its column."""
_MONEY: Final = {
    "gross_minor": "gross_to_date_minor",
    "refund_minor": "refund_to_date_minor",
    "net_revenue_minor": "net_revenue_to_date_minor",
    "platform_fee_minor": "platform_fee_to_date_minor",
    "processing_fee_minor": "processing_fee_to_date_minor",
    "payable_change_minor": "payable_to_date_minor",
}


class Change(NamedTuple):
    """The amount that one day adds to a balance of its event."""

    day: date
    column: str
    amount: int


class _History:
    """The days of one event, its changes, and when its other currencies and organisations begin."""

    def __init__(self, event: Row) -> None:
        self.event = event
        self.days = {last_day(event), is_final_from(event)}
        self.changes: list[Change] = []
        self.seated_from = date.max
        self.other_currencies: dict[str, date] = {}
        self.other_organizations: dict[str, date] = {}

    def add(self, day: date, column: str, amount: int) -> None:
        self.days.add(day)
        self.changes.append(Change(day, column, amount))

    def is_own(self, row: ReportRow) -> bool:
        """True if the row of sales or revenue is of the event's organisation."""
        if row["organization_id"] == self.event["organization_id"]:
            return True
        _begin(self.other_organizations, row["organization_id"], row["date"])
        return False


def event_summary(books: Books, dailies: dict[str, ReportTable]) -> ReportTable:
    """Grain: event's organisation, event, date, event's currency; a row for each day of the event.

    Args:
        books: The source rows.
        dailies: The three daily tables over the same books, by name.
    """
    histories = {event_id: _History(event) for event_id, event in books["ticketing.events"].items()}
    _add_inventory(histories, books)
    for row in dailies[SALES].values():
        history = histories[row["event_id"]]
        history.days.add(row["date"])
        history.is_own(row)
    _add_units(histories, books)
    _add_unpaid(histories, books)
    for row in dailies[ATTENDANCE].values():
        histories[row["event_id"]].add(
            row["date"], "admission_to_date_count", row["admission_count"]
        )
    _add_money(histories, dailies[REVENUE].values())
    table: ReportTable = {}
    for history in histories.values():
        table |= _rows(history)
    return table


def first_of_lines(books: Books) -> dict[tuple[str, int], Row]:
    """Order line -> its first movement of any reason: by occurred_at, then id."""
    firsts: dict[tuple[str, int], Row] = {}
    for movement in books[MOVEMENTS].values():
        line = (movement["order_id"], movement["line_no"])
        first = firsts.setdefault(line, movement)
        if (movement["occurred_at"], movement["id"]) < (first["occurred_at"], first["id"]):
            firsts[line] = movement
    return firsts


def ratio(numerator: int, divisor: int) -> Decimal | None:
    """The ratio to six places, rounded half away from zero; None if the divisor is not positive."""
    if divisor <= 0:
        return None
    millionths, rest = divmod(abs(numerator) * _MILLION, divisor)
    if 2 * rest >= divisor:
        millionths += 1
    return Decimal(millionths if numerator >= 0 else -millionths).scaleb(-6)


def _add_inventory(histories: dict[str, _History], books: Books) -> None:
    for movement in books["seating.inventory_movements"].values():
        if history := histories.get(movement["event_id"]):
            day = event_day(books, movement["event_id"], movement["occurred_at"])
            history.add(day, CAPACITY[movement["kind"]], movement["quantity"])
            history.seated_from = min(history.seated_from, day)


def _add_units(histories: dict[str, _History], books: Books) -> None:
    """Units of admission types, sold or comped."""
    firsts = first_of_lines(books)
    for movement in books[MOVEMENTS].values():
        if is_admission(books, movement):
            column = "comped" if _is_comped(firsts, movement) else "sold"
            history = histories[books["ticketing.orders"][movement["order_id"]]["event_id"]]
            day = movement_day(books, movement)
            history.add(day, f"{column}_to_date_count", movement["quantity"])


def _is_comped(firsts: dict[tuple[str, int], Row], movement: Row) -> bool:
    """True for a comp, and for a return of a line that a comp opened."""
    first = firsts[movement["order_id"], movement["line_no"]]
    opener = first if movement["quantity"] < 0 else movement
    return bool(opener["reason"] == "comp")


def _add_unpaid(histories: dict[str, _History], books: Books) -> None:
    """The sold units of each order, from the day on which it bears money until it is paid."""
    firsts = first_of_lines(books)
    by_order: dict[str, list[Row]] = {}
    for movement in books[MOVEMENTS].values():
        by_order.setdefault(movement["order_id"], []).append(movement)
    for order_id, movements in by_order.items():
        order = books["ticketing.orders"][order_id]
        charged = [movement_day(books, each) for each in movements if booked_minor(each)]
        paid = date.max
        if order["paid_at"] is not None:
            paid = event_day(books, order["event_id"], order["paid_at"])
        for movement in movements:
            if charged and is_admission(books, movement) and not _is_comped(firsts, movement):
                day = max(movement_day(books, movement), min(charged))
                if day < paid:
                    changes = histories[order["event_id"]].changes
                    changes.append(Change(day, "unpaid_to_date_count", movement["quantity"]))
                    changes.append(Change(paid, "unpaid_to_date_count", -movement["quantity"]))


def _add_money(histories: dict[str, _History], revenue: Iterable[ReportRow]) -> None:
    for row in revenue:
        history = histories.get(row["event_id"])
        if history is None or not history.is_own(row):
            continue
        history.days.add(row["date"])
        if row["currency"] == history.event["currency"]:
            for measure, column in _MONEY.items():
                history.add(row["date"], column, row[measure])
        else:
            _begin(history.other_currencies, row["currency"], row["date"])


def _begin(days: dict[str, date], name: str, day: date) -> None:
    days[name] = min(day, days.get(name, day))


def _begun(days: dict[str, date], day: date) -> int:
    return sum(first <= day for first in days.values())


def _rows(history: _History) -> ReportTable:
    table: ReportTable = {}
    event = history.event
    balances = dict.fromkeys((*CAPACITY.values(), *_MONEY.values()), 0) | {
        "sold_to_date_count": 0,
        "comped_to_date_count": 0,
        "unpaid_to_date_count": 0,
        "admission_to_date_count": 0,
    }
    changes = sorted(history.changes, reverse=True)
    for day in sorted(history.days):
        sold_before = balances["sold_to_date_count"]
        while changes and changes[-1].day <= day:
            change = changes.pop()
            balances[change.column] += change.amount
        key = (event["organization_id"], event["id"], day, event["currency"])
        row = blank(SUMMARY, key, MEASURES) | balances
        row["sold_today_count"] = balances["sold_to_date_count"] - sold_before
        row["other_currency_count"] = _begun(history.other_currencies, day)
        row["other_organization_count"] = _begun(history.other_organizations, day)
        _derive(row, event)
        if day < history.seated_from:
            row["unsold_count"] = None
        table[key] = row
    return table


def _derive(row: ReportRow, event: Row) -> None:
    row["sellable_count"] = row["capacity_count"] - row["hold_count"] - row["kill_count"]
    issued = row["sold_to_date_count"] + row["comped_to_date_count"]
    admissions = row["admission_to_date_count"]
    row["unsold_count"] = row["sellable_count"] - issued
    row["sell_through_rate"] = ratio(row["sold_to_date_count"], row["sellable_count"])
    row["house_rate"] = ratio(issued, row["capacity_count"])
    row["no_show_count"] = issued - admissions if row["date"] >= last_day(event) else None
    row["attendance_rate"] = ratio(admissions, issued)
    row["occupancy_rate"] = ratio(admissions, row["capacity_count"])
    row["is_final"] = row["date"] >= is_final_from(event)
