"""tickets: each ticket, from its issue to the gate."""

from reporting_pipeline.registry.columns import ColumnType, attribute, key, measure
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.names import with_names

_TICKETS = "ticketing_tickets"
_STATUSES = ("valid", "cancelled", "refunded", "voided", "exchanged")
_ADMITTED = (
    "scanning_scans.ticket_id",
    "scanning_scans.outcome",
    "scanning_scans.direction",
    "scanning_scans.reverts_scan_id",
    "scanning_scans.scanned_at",
    "scanning_scans.received_at",
    "ticketing_ticket_types.is_admission",
)
_NO_SHOW = (*_ADMITTED, f"{_TICKETS}.status", "ticketing_events.ends_at")

TICKETS = Dataset(
    name="tickets",
    title="Tickets",
    grain="One row per ticket of an event that is known.",
    description=(
        "Tickets as Ticketing has them now, with their first admission. A period takes the tickets "
        "that were issued on its days, whatever became of them later: the day is computed from "
        "issued_at, no report table holds it. Who did not come is known once all that Scanning "
        "recorded up to the event's end is landed."
    ),
    schema=SCHEMA,
    relation="tickets",
    columns=with_names(
        (
            key(
                "organization_id",
                ColumnType.UUID,
                "Organisation of the event.",
                "ticketing_events.organization_id",
            ),
            attribute("event_id", ColumnType.UUID, "Event of the ticket.", f"{_TICKETS}.event_id"),
            attribute(
                "date",
                ColumnType.DATE,
                "Report day of the issue, in the event's time zone after its day cutoff.",
                f"{_TICKETS}.issued_at",
                "ticketing_events.timezone",
                "ticketing_events.day_cutoff",
            ),
            key("ticket_id", ColumnType.UUID, "The ticket.", f"{_TICKETS}.id"),
            attribute("order_id", ColumnType.UUID, "Its order.", f"{_TICKETS}.order_id"),
            attribute(
                "channel",
                ColumnType.TEXT,
                "Sales channel of the order; null where the order is unknown.",
                "ticketing_orders.channel",
                nullable=True,
                values=("web", "box_office", "api", "reseller", "kiosk"),
            ),
            attribute(
                "ticket_type_id",
                ColumnType.UUID,
                "Type of the ticket.",
                f"{_TICKETS}.ticket_type_id",
            ),
            attribute(
                "is_admission",
                ColumnType.BOOLEAN,
                "Whether the type admits to the event; null where the type is unknown.",
                "ticketing_ticket_types.is_admission",
                nullable=True,
            ),
            attribute(
                "is_comp",
                ColumnType.BOOLEAN,
                "Whether it was given free of charge.",
                f"{_TICKETS}.is_comp",
            ),
            attribute(
                "status",
                ColumnType.TEXT,
                f"Where it stands now: {', '.join(_STATUSES)}.",
                f"{_TICKETS}.status",
                values=_STATUSES,
            ),
            attribute(
                "issued_at",
                ColumnType.INSTANT,
                "When it was issued; decides the report day.",
                f"{_TICKETS}.issued_at",
            ),
            attribute(
                "invalidated_at",
                ColumnType.INSTANT,
                "When it ceased to be valid; null while it is.",
                f"{_TICKETS}.invalidated_at",
                nullable=True,
            ),
            attribute(
                "admitted_at",
                ColumnType.INSTANT,
                "When it was admitted: its first entry that is accepted and not reverted; null "
                "where there is none.",
                *_ADMITTED,
                nullable=True,
            ),
            attribute(
                "gate_id",
                ColumnType.UUID,
                "Gate of that entry; null where there is none.",
                "scanning_scans.gate_id",
                *_ADMITTED,
                nullable=True,
            ),
            attribute(
                "event_ends_at",
                ColumnType.INSTANT,
                "When the event ends.",
                "ticketing_events.ends_at",
            ),
            attribute(
                "is_no_show",
                ColumnType.BOOLEAN,
                "Whether it is valid, of an admission type and was not admitted; null until all "
                "that Scanning recorded up to the event's end is landed.",
                *_NO_SHOW,
                nullable=True,
            ),
            measure("ticket_count", "Tickets, whatever their status is.", f"{_TICKETS}.id"),
            measure("valid_count", "Tickets that are valid.", f"{_TICKETS}.status"),
            measure("comp_count", "Tickets given free of charge.", f"{_TICKETS}.is_comp"),
            measure("admission_count", "Tickets admitted, each once, ever.", *_ADMITTED),
            measure(
                "no_show_count",
                "Tickets whose is_no_show is true; 0 while that is not known.",
                *_NO_SHOW,
            ),
        )
    ),
    rests_on=("report_sales_daily", "report_attendance_daily"),
)
