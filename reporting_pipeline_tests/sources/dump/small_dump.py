"""A small valid dump, in which a test changes one thing."""

import csv
from pathlib import Path

from sqlalchemy import Table

from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.contract.columns import type_name

Row = dict[str, str]
Rows = dict[str, list[Row]]

_SOLD_AT = "2025-06-01T10:00:00Z"
_LATER = "2025-06-02T10:00:00Z"
_VALUES = {
    "bigint": "1",
    "boolean": "true",
    "integer": "1",
    "text": "text",
    "timestamp with time zone": _SOLD_AT,
    "uuid": "00000000-0000-4000-8000-0000000000ff",
}


def uid(number: int) -> str:
    """An id that a person can recognise."""
    return f"00000000-0000-4000-8000-{number:012x}"


def valid_rows() -> Rows:
    """New rows: two tickets sold, one of them refunded, a scan; one row of each other table."""
    organization, event, ticket_type, order = uid(1), uid(2), uid(3), uid(4)
    section, gate = uid(8), uid(9)
    sale = {
        "id": uid(20),
        "order_id": order,
        "line_no": "1",
        "ticket_type_id": ticket_type,
        "reason": "sale",
        "quantity": "2",
        "list_minor": "2000",
        "discount_minor": "200",
        "fee_minor": "100",
        "tax_minor": "300",
        "occurred_at": _SOLD_AT,
        "recorded_at": _SOLD_AT,
    }
    refund = {
        **sale,
        "id": uid(21),
        "reason": "refund",
        "quantity": "-1",
        "list_minor": "-1000",
        "discount_minor": "-100",
        "fee_minor": "-50",
        "tax_minor": "-150",
        "occurred_at": _LATER,
        "recorded_at": _LATER,
    }
    ticket = {
        "id": uid(30),
        "order_id": order,
        "event_id": event,
        "ticket_type_id": ticket_type,
        "section_id": section,
        "is_comp": "false",
        "status": "valid",
        "issued_at": _SOLD_AT,
        "invalidated_at": "",
        "updated_at": _SOLD_AT,
    }
    scan = {
        "id": uid(40),
        "event_id": event,
        "gate_id": gate,
        "device_id": uid(50),
        "device_sequence": "1",
        "ticket_id": uid(30),
        "direction": "entry",
        "outcome": "accepted",
        "reject_reason": "",
        "is_offline": "false",
        "scanned_at": _LATER,
        "received_at": _LATER,
        "reverts_scan_id": "",
    }
    sale_rows = {
        "ticketing.organizations": [
            {
                "id": organization,
                "name": "Nordlicht",
                "timezone": "Europe/Berlin",
                "currency": "EUR",
                "updated_at": _SOLD_AT,
            }
        ],
        "ticketing.event_series": [
            {
                "id": uid(6),
                "organization_id": organization,
                "name": "Clubnächte",
                "updated_at": _SOLD_AT,
            }
        ],
        "ticketing.events": [
            {
                "id": event,
                "organization_id": organization,
                "venue_id": uid(7),
                "name": "Clubnacht",
                "timezone": "Europe/Berlin",
                "day_cutoff": "04:00",
                "currency": "EUR",
                "status": "on_sale",
                "on_sale_at": "",
                "doors_at": "",
                "starts_at": _LATER,
                "ends_at": _LATER,
                "series_id": uid(6),
                "rescheduled_from": "",
                "updated_at": _SOLD_AT,
            }
        ],
        "ticketing.ticket_types": [
            {
                "id": ticket_type,
                "event_id": event,
                "name": "Standard",
                "is_admission": "true",
                "updated_at": _SOLD_AT,
            }
        ],
        "ticketing.orders": [
            {
                "id": order,
                "organization_id": organization,
                "event_id": event,
                "channel": "web",
                "status": "paid",
                "currency": "EUR",
                "total_minor": "2200",
                "placed_at": _SOLD_AT,
                "paid_at": _SOLD_AT,
                "updated_at": _SOLD_AT,
            }
        ],
        "ticketing.order_line_movements": [sale, refund],
        "ticketing.tickets": [ticket, {**ticket, "id": uid(31)}],
        "seating.venues": [
            {
                "id": uid(7),
                "name": "Halle",
                "city": "Berlin",
                "country": "DE",
                "updated_at": _SOLD_AT,
            }
        ],
        "seating.sections": [
            {
                "id": section,
                "venue_id": uid(7),
                "name": "Main",
                "is_seated": "false",
                "updated_at": _SOLD_AT,
            }
        ],
        "seating.inventory_movements": [
            {
                "id": uid(60),
                "event_id": event,
                "section_id": section,
                "kind": "capacity",
                "quantity": "100",
                "occurred_at": _SOLD_AT,
                "recorded_at": _SOLD_AT,
            }
        ],
        "scanning.gates": [
            {"id": gate, "event_id": event, "name": "Main gate", "updated_at": _SOLD_AT}
        ],
        "scanning.scans": [scan],
        **_ledger_rows(organization, event, order),
    }
    others = {table.key: [row_of(table)] for table in TABLES if table.key not in sale_rows}
    return {**sale_rows, **others}


def row_of(table: Table) -> Row:
    """A valid row of a table, for tables that the sale does not need."""
    allowed = dict(
        constraint.info["allowed"]
        for constraint in table.constraints
        if "allowed" in constraint.info
    )
    return {
        column.name: allowed[column.name][0]
        if column.name in allowed
        else _VALUES[type_name(column)]
        for column in table.columns
    }


def write_dump(directory: Path, rows: Rows) -> Path:
    """Write rows as a dump, with tables and columns in the order of the contract."""
    directory.mkdir(exist_ok=True)
    for table in TABLES:
        if table.key in rows:
            names = [column.name for column in table.columns]
            with (directory / f"{table.key}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, names, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows[table.key])
    return directory


def _ledger_rows(organization: str, event: str, order: str) -> Rows:
    entry = {
        "id": uid(80),
        "transaction_id": uid(70),
        "account_id": uid(90),
        "direction": "debit",
        "component": "cash",
        "amount_minor": "2200",
        "currency": "EUR",
        "tax_jurisdiction": "",
        "tax_rate": "",
        "taxable_minor": "",
        "recorded_at": _SOLD_AT,
    }
    account = {
        "id": uid(90),
        "organization_id": organization,
        "kind": "psp_clearing",
        "currency": "EUR",
        "recorded_at": _SOLD_AT,
    }
    return {
        "ledger.accounts": [account, {**account, "id": uid(91), "kind": "organizer_payable"}],
        "ledger.transactions": [
            {
                "id": uid(70),
                "organization_id": organization,
                "event_id": event,
                "order_id": order,
                "kind": "sale",
                "reference": "PSP-1",
                "reverses_transaction_id": "",
                "effective_at": _SOLD_AT,
                "recorded_at": _SOLD_AT,
            }
        ],
        "ledger.entries": [
            entry,
            {
                **entry,
                "id": uid(81),
                "account_id": uid(91),
                "direction": "credit",
                "component": "face_value",
            },
        ],
        "ledger.payout_items": [
            {
                "id": uid(95),
                "transaction_id": uid(70),
                "event_id": event,
                "amount_minor": "2000",
                "currency": "EUR",
                "recorded_at": _SOLD_AT,
            }
        ],
    }
