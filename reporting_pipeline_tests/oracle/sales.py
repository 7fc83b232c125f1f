"""report_sales_daily: sales and returns in Ticketing, by day.

Also the sign of a movement, and the first movement of an order.
"""

from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import movement_day
from reporting_pipeline_tests.oracle.report_tables import (
    SALES,
    Key,
    ReportRow,
    ReportTable,
    blank,
)
from reporting_pipeline_tests.oracle.source_tables import Row

MEASURES: Final = (
    "order_count",
    "sold_count",
    "comped_count",
    "exchanged_in_count",
    "cancelled_count",
    "refunded_count",
    "voided_count",
    "exchanged_out_count",
    "net_count",
    "list_minor",
    "discount_minor",
    "face_value_minor",
    "fee_minor",
    "tax_minor",
    "gross_minor",
    "returned_face_value_minor",
    "returned_fee_minor",
    "returned_tax_minor",
    "returned_gross_minor",
    "net_gross_minor",
)
"""The measures of the table."""

MOVEMENTS: Final = "ticketing.order_line_movements"
UNITS: Final = {
    "sale": "sold_count",
    "comp": "comped_count",
    "exchange_in": "exchanged_in_count",
    "cancel": "cancelled_count",
    "refund": "refunded_count",
    "void": "voided_count",
    "exchange_out": "exchanged_out_count",
}
"""Reason -> the column of its units; a fee has none."""


def sales_daily(books: Books) -> ReportTable:
    """Grain: order's organisation, event, date, order's currency, ticket type, order's channel.

    A movement of value 0, also a fee of 0, makes a row, and can be the first of its order.
    """
    table: ReportTable = {}
    firsts = {movement["id"] for movement in first_movements(books).values()}
    for movement in books[MOVEMENTS].values():
        key = _key(books, movement)
        row = table.setdefault(key, blank(SALES, key, MEASURES))
        row["is_admission"] = is_admission(books, movement)
        row["order_count"] += movement["id"] in firsts
        if movement["reason"] in UNITS:
            row[UNITS[movement["reason"]]] += abs(movement["quantity"])
        _add_money(row, movement)
    for row in table.values():
        _derive(row)
    return table


def first_movements(books: Books) -> dict[str, Row]:
    """Order id -> its first movement of any reason: by occurred_at, then line_no, then id."""
    firsts: dict[str, Row] = {}
    for movement in books[MOVEMENTS].values():
        first = firsts.setdefault(movement["order_id"], movement)
        if _order_of(movement) < _order_of(first):
            firsts[movement["order_id"]] = movement
    return firsts


def is_admission(books: Books, movement: Row) -> bool:
    """True if the movement's ticket type admits a person."""
    admits: bool = books["ticketing.ticket_types"][movement["ticket_type_id"]]["is_admission"]
    return admits


def sign(movement: Row) -> int:
    """1 for a positive movement, -1 for a negative one, 0 for a fee of 0 or of mixed signs."""
    if movement["reason"] != "fee":
        return 1 if movement["quantity"] > 0 else -1
    parts = (movement["fee_minor"], movement["tax_minor"])
    if not any(parts):
        return 0
    if min(parts) >= 0:
        return 1
    return -1 if max(parts) <= 0 else 0


def booked_minor(movement: Row) -> int:
    """Face value + fee + tax of one movement, signed."""
    face_value: int = movement["list_minor"] - movement["discount_minor"]
    return face_value + int(movement["fee_minor"]) + int(movement["tax_minor"])


def _order_of(movement: Row) -> tuple[object, ...]:
    return movement["occurred_at"], movement["line_no"], movement["id"]


def _key(books: Books, movement: Row) -> Key:
    order = books["ticketing.orders"][movement["order_id"]]
    return (
        order["organization_id"],
        order["event_id"],
        movement_day(books, movement),
        order["currency"],
        movement["ticket_type_id"],
        order["channel"],
    )


def _add_money(row: ReportRow, movement: Row) -> None:
    if sign(movement) > 0:
        for column in ("list_minor", "discount_minor", "fee_minor", "tax_minor"):
            row[column] += movement[column]
    elif sign(movement) < 0:
        face_value = movement["list_minor"] - movement["discount_minor"]
        row["returned_face_value_minor"] -= face_value
        row["returned_fee_minor"] -= movement["fee_minor"]
        row["returned_tax_minor"] -= movement["tax_minor"]


def _derive(row: ReportRow) -> None:
    units_in = row["sold_count"] + row["comped_count"] + row["exchanged_in_count"]
    units_out = (
        row["cancelled_count"]
        + row["refunded_count"]
        + row["voided_count"]
        + row["exchanged_out_count"]
    )
    row["net_count"] = units_in - units_out
    row["face_value_minor"] = row["list_minor"] - row["discount_minor"]
    row["gross_minor"] = row["face_value_minor"] + row["fee_minor"] + row["tax_minor"]
    row["returned_gross_minor"] = (
        row["returned_face_value_minor"] + row["returned_fee_minor"] + row["returned_tax_minor"]
    )
    row["net_gross_minor"] = row["gross_minor"] - row["returned_gross_minor"]
