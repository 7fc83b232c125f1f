"""Findings about single rows of the sources: one row that cannot be used does not stop the others.

    unusable      breaks a rule of the contract, or a limit of reports; it is not landed
    changed       differs from the landed row, although its table is append-only; that row stays
    clock_ahead   its record clock is ahead of the present; it is landed

`landing.row_findings` keeps the row, the reason and the organisation, and an alert reports them.
Each landing reads these rows again. A row that upstream has mended lands, and its finding is
deleted.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.domain.time_zones import ZONE_OF_ABBREVIATION
from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.contract.row_rules import (
    LAST_INSTANT,
    RowRule,
    contract_rules,
    limits,
)

# So many unusable rows of one table are a fault of the source, not of its rows.
_MAX_UNUSABLE = 10_000
# Clocks of servers differ by less.
CLOCK_TOLERANCE = timedelta(minutes=5)

_KEEP = sql.SQL("""
    with found as ({found})
    insert into landing.row_findings (domain, table_name, row_id, finding, reason, record)
    select {domain}, {name}, found.id, {finding}, found.reason, found.record from found
    on conflict (domain, table_name, row_id, finding) do update set
        reason = excluded.reason, record = excluded.record, last_at = now()
""")
_UNUSABLE = sql.SQL("""
    delete from {incoming} as incoming
    using (
        select checked.id, string_agg(rule.why, '; ') as reasons
        from {incoming} as checked
        cross join lateral (values {rules}) as rule (is_broken, why)
        where ({any_broken}) and rule.is_broken
        group by checked.id
    ) as broken
    where incoming.id = broken.id
    returning incoming.id, broken.reasons as reason, to_jsonb(incoming) as record
""")
_CHANGED = sql.SQL("""
    delete from {incoming} as incoming using {landed} as landed
    where incoming.id = landed.id and ({is_changed})
    returning
        incoming.id,
        'it has changed since it was landed, and the table is append-only' as reason,
        to_jsonb(incoming) as record
""")
_AHEAD = sql.SQL("""
    select
        id,
        {name} || ' ' || {clock} || ' is ahead of the present' as reason,
        to_jsonb(ahead) as record
    from {incoming} as ahead
    where {clock} > {present} + {tolerance}
""")
_ORGANIZATIONS = """
    update landing.row_findings
    set organization_id = coalesce(
        (record ->> 'organization_id')::uuid,
        case when table_name = 'organizations' then row_id end,
        (
            select event.organization_id from landing.ticketing_events as event
            where event.id = (record ->> 'event_id')::uuid
        ),
        (
            select placed.organization_id from landing.ticketing_orders as placed
            where placed.id = (record ->> 'order_id')::uuid
        ),
        (
            select booked.organization_id from landing.ledger_transactions as booked
            where booked.id = (record ->> 'transaction_id')::uuid
        )
    )
    where organization_id is null
"""


def found_ids(warehouse: psycopg.Connection, table: Table) -> list[UUID]:
    """The rows of a source table that have a finding."""
    statement = (
        "select distinct row_id from landing.row_findings where domain = %s and table_name = %s"
    )
    return [each for (each,) in warehouse.execute(statement, _names(table)).fetchall()]


def set_right(warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier) -> None:
    """Apply the rules for values that mean something else than PostgreSQL reads.

    An event that ends beyond the last instant has no end: it ends then. `CET` and its like are
    zones with summer time.
    """
    for name in ("starts_at", "ends_at"):
        if name in table.columns:
            statement = sql.SQL("update {0} set {1} = {2} where {1} > {2}").format(
                incoming, sql.Identifier(name), sql.Literal(LAST_INSTANT)
            )
            warehouse.execute(statement)
    if "timezone" in table.columns:
        for abbreviation, zone in ZONE_OF_ABBREVIATION.items():
            statement = sql.SQL("update {} set timezone = {} where timezone = {}").format(
                incoming, sql.Literal(zone), sql.Literal(abbreviation)
            )
            warehouse.execute(statement)


def set_aside(warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier) -> None:
    """Remove the rows that cannot be used from the incoming ones, and keep them as findings.

    Raises:
        SourceContractBroken: Too many rows of the table cannot be used.
    """
    rules = [*contract_rules(table), *limits(table), *_zones_of_the_database(table)]
    found = _UNUSABLE.format(
        incoming=incoming,
        rules=sql.SQL(", ").join(
            sql.SQL("({}, {})").format(rule.is_broken, rule.reason) for rule in rules
        ),
        any_broken=sql.SQL(" or ").join(rule.is_broken for rule in rules),
    )
    count = _keep(warehouse, table, "unusable", found)
    if count > _MAX_UNUSABLE:
        domain = table.info["domain"]
        message = (
            f"source {domain} breaks the contract in {table.key}: {count} rows cannot be used, "
            f"expected at most {_MAX_UNUSABLE}; nothing was landed; run `reporting sources check`"
        )
        raise SourceContractBroken(message, domain=domain)


def set_changed_aside(
    warehouse: psycopg.Connection,
    table: Table,
    incoming: sql.Identifier,
    landed: sql.Identifier,
    is_changed: sql.Composable,
) -> None:
    """Remove the changed rows of an append-only table from the incoming ones, and keep them."""
    found = _CHANGED.format(incoming=incoming, landed=landed, is_changed=is_changed)
    _keep(warehouse, table, "changed", found)


def note_clocks_ahead(
    warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier, present: datetime
) -> None:
    """Keep the rows with a record clock ahead of the present as findings; they land."""
    clock = table.info["record_clock"]
    found = _AHEAD.format(
        name=sql.Literal(clock),
        clock=sql.Identifier(clock),
        incoming=incoming,
        present=sql.Literal(present),
        tolerance=sql.Literal(CLOCK_TOLERANCE),
    )
    _keep(warehouse, table, "clock_ahead", found)


def settle_findings(warehouse: psycopg.Connection, tables: Iterable[Table]) -> None:
    """Delete the findings of these tables that this landing has not found again.

    Then give the others their organisations, as far as they are known.
    """
    for table in tables:
        warehouse.execute(
            "delete from landing.row_findings"
            " where domain = %s and table_name = %s and last_at < now()",
            _names(table),
        )
    warehouse.execute(_ORGANIZATIONS)


def _keep(warehouse: psycopg.Connection, table: Table, finding: str, found: sql.Composable) -> int:
    domain, name = _names(table)
    statement = _KEEP.format(
        found=found,
        domain=sql.Literal(domain),
        name=sql.Literal(name),
        finding=sql.Literal(finding),
    )
    return warehouse.execute(statement).rowcount


def _zones_of_the_database(table: Table) -> Iterator[RowRule]:
    """Report days are computed by the database, which has its own list of zones."""
    if "timezone" in table.columns:
        yield RowRule(
            is_broken=sql.SQL("timezone not in (select name from pg_timezone_names)"),
            reason=sql.SQL(
                "'timezone ' || quote_literal(timezone) || ' is not known to PostgreSQL'"
            ),
        )


def _names(table: Table) -> tuple[str, str]:
    return table.info["domain"], table.name
