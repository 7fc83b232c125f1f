"""Scanning: gates, and the scans of tickets at them."""

from sqlalchemy import Column, Text

from reporting_pipeline.sources.contract.columns import (
    big_integer,
    boolean,
    check,
    contract_table,
    instant,
    one_of,
    row_id,
    text,
    uuid,
)

GATES = contract_table(
    "scanning.gates",
    row_id(),
    uuid("event_id"),
    text("name"),
    instant("updated_at"),
)
SCANS = contract_table(
    "scanning.scans",
    row_id(),
    uuid("event_id"),
    uuid("gate_id", references="scanning.gates"),
    uuid("device_id"),
    big_integer("device_sequence"),
    uuid("ticket_id", null=True),
    text("direction"),
    text("outcome"),
    Column("reject_reason", Text),
    boolean("is_offline"),
    instant("scanned_at"),
    instant("received_at"),
    uuid("reverts_scan_id", null=True),
    one_of("direction", ("entry", "exit")),
    one_of("outcome", ("accepted", "rejected")),
    one_of(
        "reject_reason",
        (
            "already_used",
            "unknown",
            "cancelled",
            "unpaid",
            "wrong_gate",
            "wrong_time",
            "blocked",
            "error",
        ),
    ),
    check(
        "(outcome = 'rejected') = (reject_reason is not null)",
        "a rejected scan, and only that, must have a reject_reason",
    ),
    record_clock="received_at",
    business_clock="scanned_at",
)

# Parents before children.
TABLES = (
    GATES,
    SCANS,
)
