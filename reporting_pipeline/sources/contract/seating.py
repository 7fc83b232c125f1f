"""Seating: venues, their sections, and the seats that each event can sell."""

from reporting_pipeline.sources.contract.columns import (
    boolean,
    code,
    contract_table,
    instant,
    integer,
    one_of,
    row_id,
    text,
    uuid,
)

VENUES = contract_table(
    "seating.venues",
    row_id(),
    text("name"),
    text("city"),
    code("country", 2),
    instant("updated_at"),
)
SECTIONS = contract_table(
    "seating.sections",
    row_id(),
    uuid("venue_id", references="seating.venues"),
    text("name"),
    boolean("is_seated"),
    instant("updated_at"),
)
INVENTORY_MOVEMENTS = contract_table(
    "seating.inventory_movements",
    row_id(),
    uuid("event_id"),
    uuid("section_id", references="seating.sections"),
    text("kind"),
    integer("quantity"),
    instant("occurred_at"),
    instant("recorded_at"),
    one_of("kind", ("capacity", "hold", "kill")),
    record_clock="recorded_at",
    business_clock="occurred_at",
)

# Parents before children.
TABLES = (
    VENUES,
    SECTIONS,
    INVENTORY_MOVEMENTS,
)
