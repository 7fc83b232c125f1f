"""The 16 tables of the source contract for rows in memory: columns, types, parents, record clocks.

Also reading and writing values as CSV fields.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Final

Row = dict[str, Any]
"""One source row: uuids as lower-case text, aware datetimes, int, bool, time, str or None."""

_COLUMNS: Final = {
    "ticketing.organizations": "id:uuid name:text timezone:text currency:text updated_at:instant",
    "ticketing.event_series": "id:uuid organization_id:uuid name:text updated_at:instant",
    "ticketing.events": "id:uuid organization_id:uuid venue_id:uuid? name:text timezone:text"
    " day_cutoff:time currency:text status:text on_sale_at:instant? doors_at:instant?"
    " starts_at:instant ends_at:instant series_id:uuid? rescheduled_from:instant?"
    " updated_at:instant",
    "ticketing.ticket_types": "id:uuid event_id:uuid name:text is_admission:bool"
    " updated_at:instant",
    "ticketing.orders": "id:uuid organization_id:uuid event_id:uuid channel:text status:text"
    " currency:text total_minor:int placed_at:instant paid_at:instant? updated_at:instant",
    "ticketing.order_line_movements": "id:uuid order_id:uuid line_no:int ticket_type_id:uuid"
    " reason:text quantity:int list_minor:int discount_minor:int fee_minor:int tax_minor:int"
    " occurred_at:instant recorded_at:instant",
    "ticketing.tickets": "id:uuid order_id:uuid event_id:uuid ticket_type_id:uuid"
    " section_id:uuid? is_comp:bool status:text issued_at:instant invalidated_at:instant?"
    " updated_at:instant",
    "seating.venues": "id:uuid name:text city:text country:text updated_at:instant",
    "seating.sections": "id:uuid venue_id:uuid name:text is_seated:bool updated_at:instant",
    "seating.inventory_movements": "id:uuid event_id:uuid section_id:uuid kind:text quantity:int"
    " occurred_at:instant recorded_at:instant",
    "scanning.gates": "id:uuid event_id:uuid name:text updated_at:instant",
    "scanning.scans": "id:uuid event_id:uuid gate_id:uuid device_id:uuid device_sequence:int"
    " ticket_id:uuid? direction:text outcome:text reject_reason:text? is_offline:bool"
    " scanned_at:instant received_at:instant reverts_scan_id:uuid?",
    "ledger.accounts": "id:uuid organization_id:uuid kind:text currency:text recorded_at:instant",
    "ledger.transactions": "id:uuid organization_id:uuid event_id:uuid? order_id:uuid? kind:text"
    " reference:text? reverses_transaction_id:uuid? effective_at:instant recorded_at:instant",
    "ledger.entries": "id:uuid transaction_id:uuid account_id:uuid direction:text component:text"
    " amount_minor:int currency:text tax_jurisdiction:text? tax_rate:decimal? taxable_minor:int?"
    " recorded_at:instant",
    "ledger.payout_items": "id:uuid transaction_id:uuid event_id:uuid amount_minor:int"
    " currency:text recorded_at:instant",
}

COLUMNS: Final[dict[str, dict[str, str]]] = {
    table: dict(column.split(":", 1) for column in columns.split())
    for table, columns in _COLUMNS.items()
}
"""Table -> column -> type; a type that ends in `?` can be null. Parents precede children."""

PARENTS: Final[dict[str, dict[str, str]]] = {
    "ticketing.event_series": {"organization_id": "ticketing.organizations"},
    "ticketing.events": {
        "organization_id": "ticketing.organizations",
        "series_id": "ticketing.event_series",
    },
    "ticketing.ticket_types": {"event_id": "ticketing.events"},
    "ticketing.orders": {
        "organization_id": "ticketing.organizations",
        "event_id": "ticketing.events",
    },
    "ticketing.order_line_movements": {
        "order_id": "ticketing.orders",
        "ticket_type_id": "ticketing.ticket_types",
    },
    "ticketing.tickets": {
        "order_id": "ticketing.orders",
        "event_id": "ticketing.events",
        "ticket_type_id": "ticketing.ticket_types",
    },
    "seating.sections": {"venue_id": "seating.venues"},
    "seating.inventory_movements": {"section_id": "seating.sections"},
    "scanning.scans": {"gate_id": "scanning.gates"},
    "ledger.entries": {
        "transaction_id": "ledger.transactions",
        "account_id": "ledger.accounts",
    },
    "ledger.payout_items": {"transaction_id": "ledger.transactions"},
}
"""Table -> referring column -> the table whose id it refers to."""


OPTIONAL: Final = frozenset(
    {
        *("ticketing.event_series", "ledger.payout_items"),
        *("ticketing.events.series_id", "ticketing.events.rescheduled_from"),
        "ledger.transactions.reference",
        "ledger.entries.tax_jurisdiction",
        *("ledger.entries.tax_rate", "ledger.entries.taxable_minor"),
    }
)
"""The tables and columns that a source of version 1.0 does not have."""


def record_clock(table: str) -> str:
    """The column with the time at which a row of `table` was written."""
    clocks = ("updated_at", "received_at", "recorded_at")
    return next(clock for clock in clocks if clock in COLUMNS[table])


def is_mutable(table: str) -> bool:
    """True if rows of `table` can change; otherwise the table is append-only."""
    return record_clock(table) == "updated_at"


def _read_bool(text: str) -> bool:
    return {"true": True, "t": True, "false": False, "f": False}[text.lower()]


def _read_instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "uuid": str.lower,
    "text": str,
    "int": int,
    "decimal": Decimal,
    "bool": _read_bool,
    "time": time.fromisoformat,
    "instant": _read_instant,
}


def reader(column_type: str) -> Callable[[str], Any]:
    """The function that reads a CSV field as a value of `column_type`; an empty field is null."""
    read = _READERS[column_type.removesuffix("?")]
    if not column_type.endswith("?"):
        return read
    return lambda text: read(text) if text else None


def field(value: Any) -> str:
    """The CSV field of a value: empty for null, instants in UTC with a Z."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
