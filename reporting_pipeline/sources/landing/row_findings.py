"""Findings about single rows of the sources: one row that cannot be used does not stop the others.

    unusable      breaks a rule of the contract, or a limit of reports; it is not landed
    changed       differs from the landed row, although its table is append-only; that row stays
    deleted       was landed, and the source does not have it any more; it stays (`lost_rows`)
    orphaned      names a row of its own domain that has not landed; it is landed
    unmarked      a mutable row that has changed without a newer `updated_at`; it is landed
    clock_ahead   its record clock is ahead of the present; it is landed

`landing.row_findings` keeps the row, the reason, and the organisation, event and days that it
concerns. An alert reports them, and the first four kinds hold reports (`checks.seals`) until a
person accepts them (`sources.accepted_findings`) or upstream has set them right: each landing reads
these rows again, and deletes a finding that is no longer true.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.domain.time_zones import ZONE_OF_ABBREVIATION
from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.contract.row_rules import (
    LAST_INSTANT,
    UNENDING,
    row_rules,
)

HOLDING_FINDINGS = ("deleted", "orphaned")
"""The kinds that hold reports beside those of rows that are set aside."""

# So many unusable rows of one table are a fault of the source, not of its rows.
_MAX_UNUSABLE = 100_000
# Clocks of servers differ by less.
CLOCK_TOLERANCE = timedelta(minutes=5)

# So many deleted rows of one table are read again by their ids; more are found by the comparison.
_MAX_WATCHED = 10_000
_SHOWN_CHARACTERS_MAX = 60
_PLACES = Path(__file__).with_name("places_of_findings.sql")

_KEEP = sql.SQL("""
    with found as ({found})
    insert into landing.row_findings (domain, table_name, row_id, finding, reason, record, landed)
    select {domain}, {name}, found.id, {finding}, found.reason, found.record, found.landed
    from found
    on conflict (domain, table_name, row_id, finding) do update set
        reason = excluded.reason, record = excluded.record, landed = excluded.landed,
        last_at = now()
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
    returning
        incoming.id, broken.reasons as reason, to_jsonb(incoming) as record, null::jsonb as landed
""")
_HAS_FAULTS = sql.SQL("""
    select
        exists (select from {incoming} where {is_suspect})
        or (select count(*) > count(distinct id) from {incoming})
""")
# A view can repeat an id, or lack it; such a row gets an id of its values.
_IS_REPEATED = sql.SQL(
    "(id is null or id in (select id from {incoming} group by id having count(*) > 1))"
)
_REPEATED = sql.SQL("""
    select distinct on (1)
        coalesce(id, md5(repeated::text)::uuid) as id,
        case when id is null then 'id is null' else 'two rows have this id' end as reason,
        to_jsonb(repeated) as record,
        null::jsonb as landed
    from {incoming} as repeated
    where {is_repeated}
    order by 1, repeated::text
""")
_CHANGED = sql.SQL("""
    delete from {incoming} as incoming using {landed} as landed
    where incoming.id = landed.id and ({is_changed})
    returning
        incoming.id,
        'it has changed since it was landed, and the table is append-only: '
        || concat_ws(', ', {changes}) as reason,
        to_jsonb(incoming) as record,
        to_jsonb(landed) as landed
""")
_CHANGE = sql.SQL("""
    case when landed.{name} is distinct from incoming.{name} then
        {text} || ' ' || coalesce(left(landed.{name}::text, {length}), 'null')
        || ' is now ' || coalesce(left(incoming.{name}::text, {length}), 'null')
    end
""")
_UNMARKED = sql.SQL("""
    select
        incoming.id,
        'it has changed, but its updated_at has not moved on from ' || landed.updated_at as reason,
        to_jsonb(incoming) as record,
        to_jsonb(landed) as landed
    from {incoming} as incoming
    inner join {landed} as landed on incoming.id = landed.id
    where incoming.updated_at <= landed.updated_at
""")
_ORPHANED = sql.SQL("""
    select
        incoming.id,
        {name} || ' ' || incoming.{column} || ' is no row of ' || {parent_name} as reason,
        to_jsonb(incoming) as record,
        null::jsonb as landed
    from {incoming} as incoming
    where
        incoming.{column} is not null
        and not exists (select from {parent} as parent where parent.id = incoming.{column})
""")
_SETTLE_ORPHANED = sql.SQL("""
    delete from landing.row_findings as found
    where
        found.domain = {domain} and found.table_name = {table} and found.finding = 'orphaned'
        and not exists (
            select from {landed} as orphan where orphan.id = found.row_id and ({is_orphaned})
        )
""")
_AHEAD = sql.SQL("""
    select
        id,
        {name} || ' ' || {clock} || ' is ahead of the present' as reason,
        to_jsonb(ahead) as record,
        null::jsonb as landed
    from {incoming} as ahead
    where {is_ahead}
""")
_FORMER_VERSIONS = sql.SQL("""
    update landing.row_findings as finding
    set is_landed = not finding.is_landed
    where
        finding.domain = %s and finding.table_name = %s
        and finding.is_landed
        <> exists (select from {landed} as landed where landed.id = finding.row_id)
""")
# A build of the day takes the reports that the row concerns: they are held, or released, with it.
_TOUCH = """
    insert into landing.touched_days
        (report_table, organization_id, event_id, report_day, touched_at)
    select distinct report_table, organization_id, event_id, first_day, now()
    from reporting.set_aside_rows
    where source_table = any(%s) and {condition}
"""
_TOUCH_GONE = _TOUCH.format(condition="last_at < now()")
_TOUCH_NEW = _TOUCH.format(condition="since = now()")


def found_ids(warehouse: psycopg.Connection, table: Table) -> list[UUID]:
    """The rows of a source table that each landing reads again because of a finding."""
    domain, name = _names(table)
    statement = (
        "select row_id, finding from landing.row_findings where domain = %s and table_name = %s"
        " and finding in ('unusable', 'changed', 'clock_ahead', 'deleted')"
    )
    found = warehouse.execute(statement, (domain, name)).fetchall()
    deleted = {row_id for row_id, finding in found if finding == "deleted"}
    others = {row_id for row_id, finding in found if finding != "deleted"}
    return sorted(others | deleted if len(deleted) <= _MAX_WATCHED else others)


def has_faults(
    warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier, present: datetime
) -> bool:
    """True if an incoming row has a fault: the functions below then find the rows, and act.

    A fault is a broken rule, an id that another row has too, a value to correct, or a record clock
    in the future. Most landings have none. This reads each row once, the others several times.
    """
    suspects = [rule.is_broken for rule in row_rules(table)]
    suspects += [_is_ahead(table, present)]
    suspects += [_is_unending(name) for name in UNENDING if name in table.columns]
    if "timezone" in table.columns:
        names = sql.Literal(list(ZONE_OF_ABBREVIATION))
        suspects.append(sql.SQL("timezone = any({})").format(names))
    query = _HAS_FAULTS.format(incoming=incoming, is_suspect=sql.SQL(" or ").join(suspects))
    return warehouse.execute(query).fetchone() == (True,)


def set_right(warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier) -> None:
    """Apply the rules for values that mean something else than PostgreSQL reads.

    An event that ends beyond the last instant has no end: it ends then. `CET` and its like are
    zones with summer time.
    """
    for name in UNENDING:
        if name in table.columns:
            statement = sql.SQL("update {} set {} = {} where {}").format(
                incoming, sql.Identifier(name), sql.Literal(LAST_INSTANT), _is_unending(name)
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
    rules = row_rules(table)
    found = _UNUSABLE.format(
        incoming=incoming,
        rules=sql.SQL(", ").join(
            sql.SQL("({}, {})").format(rule.is_broken, rule.reason) for rule in rules
        ),
        any_broken=sql.SQL(" or ").join(rule.is_broken for rule in rules),
    )
    count = keep(warehouse, table, "unusable", found)
    if count > _MAX_UNUSABLE:
        domain = table.info["domain"]
        message = (
            f"source {domain} breaks the contract in {table.key}: {count} rows cannot be used, "
            f"expected at most {_MAX_UNUSABLE}; nothing was landed; run `reporting sources check`"
        )
        raise SourceContractBroken(message, domain=domain)


def set_repeated_aside(
    warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier
) -> None:
    """Remove incoming rows that share an id, or have none, and keep them as findings."""
    is_repeated = _IS_REPEATED.format(incoming=incoming)
    found = _REPEATED.format(incoming=incoming, is_repeated=is_repeated)
    if keep(warehouse, table, "unusable", found):
        statement = sql.SQL("delete from {} where {}").format(incoming, is_repeated)
        warehouse.execute(statement)


def set_changed_aside(
    warehouse: psycopg.Connection,
    table: Table,
    incoming: sql.Identifier,
    landed: sql.Identifier,
    is_changed: sql.Composable,
) -> None:
    """Remove the changed rows of an append-only table from the incoming ones, and keep them."""
    changes = [
        _CHANGE.format(
            name=sql.Identifier(column.name),
            text=sql.Literal(column.name),
            length=_SHOWN_CHARACTERS_MAX,
        )
        for column in table.columns
    ]
    found = _CHANGED.format(
        incoming=incoming,
        landed=landed,
        is_changed=is_changed,
        changes=sql.SQL(", ").join(changes),
    )
    keep(warehouse, table, "changed", found)


def note_unmarked(
    warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier, landed: sql.Identifier
) -> None:
    """Keep the mutable rows that have changed without a newer `updated_at`; they land."""
    keep(warehouse, table, "unmarked", _UNMARKED.format(incoming=incoming, landed=landed))


def note_orphaned(
    warehouse: psycopg.Connection,
    table: Table,
    incoming: sql.Identifier,
    landed_names: Mapping[str, sql.Identifier],
) -> None:
    """Keep the new rows that name a row of their domain that has not landed.

    Args:
        warehouse: After the merge.
        table: The contract table.
        incoming: Its new rows.
        landed_names: The landed copy of each contract table.
    """
    for column, parent in _references(table):
        found = _ORPHANED.format(
            name=sql.Literal(column),
            column=sql.Identifier(column),
            incoming=incoming,
            parent=landed_names[parent],
            parent_name=sql.Literal(parent),
        )
        keep(warehouse, table, "orphaned", found)
    is_orphaned = [
        sql.SQL(
            "orphan.{0} is not null"
            " and not exists (select from {1} as parent where parent.id = orphan.{0})"
        ).format(sql.Identifier(column), landed_names[parent])
        for column, parent in _references(table)
    ]
    if is_orphaned and _has_findings(warehouse):
        warehouse.execute(
            _SETTLE_ORPHANED.format(
                domain=sql.Literal(table.info["domain"]),
                table=sql.Literal(table.name),
                landed=landed_names[table.key],
                is_orphaned=sql.SQL(" or ").join(is_orphaned),
            )
        )


def note_clocks_ahead(
    warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier, present: datetime
) -> None:
    """Keep the rows with a record clock ahead of the present as findings; they land."""
    clock = table.info["record_clock"]
    found = _AHEAD.format(
        name=sql.Literal(clock),
        clock=sql.Identifier(clock),
        incoming=incoming,
        is_ahead=_is_ahead(table, present),
    )
    keep(warehouse, table, "clock_ahead", found)


def settle_findings(warehouse: psycopg.Connection, tables: Mapping[Table, sql.Identifier]) -> None:
    """Delete the findings of these tables that this landing has not found again.

    Then give the others their places: organisation, event and report days, as far as they are
    known. The days of findings that are new or gone are queued for a rebuild.

    Args:
        warehouse: A connection in the transaction of the landing, after the rows are merged.
        tables: Source table -> its landed copy.
    """
    if not _has_findings(warehouse):
        return
    qualified = [table.key for table in tables]
    warehouse.execute(_TOUCH_GONE, (qualified,))
    for table, landed in tables.items():
        warehouse.execute(
            "delete from landing.row_findings"
            " where domain = %s and table_name = %s and last_at < now()"
            " and finding in ('unusable', 'changed', 'clock_ahead')",
            _names(table),
        )
        if table.info["mutable"]:
            statement = sql.SQL(
                "delete from landing.row_findings as found using {} as landed"
                " where found.domain = {} and found.table_name = {} and found.finding = 'unmarked'"
                " and landed.id = found.row_id"
                " and landed.updated_at > (found.record ->> 'updated_at')::timestamptz"
            )
            domain, name = map(sql.Literal, _names(table))
            warehouse.execute(statement.format(landed, domain, name))
        warehouse.execute(_FORMER_VERSIONS.format(landed=landed), _names(table))
    if _has_findings(warehouse):
        warehouse.execute(_PLACES.read_bytes())
    warehouse.execute(_TOUCH_NEW, (qualified,))


def _has_findings(warehouse: psycopg.Connection) -> bool:
    found = warehouse.execute("select exists (select from landing.row_findings)").fetchone()
    return found == (True,)


def keep(warehouse: psycopg.Connection, table: Table, finding: str, found: sql.Composable) -> int:
    """Keep rows of a source table as findings of one kind; return how many.

    Args:
        warehouse: In the transaction of a landing.
        table: The contract table.
        finding: The kind.
        found: A statement that gives the columns id, reason, record and landed.
    """
    domain, name = _names(table)
    statement = _KEEP.format(
        found=found,
        domain=sql.Literal(domain),
        name=sql.Literal(name),
        finding=sql.Literal(finding),
    )
    return warehouse.execute(statement).rowcount


def _is_ahead(table: Table, present: datetime) -> sql.Composed:
    return sql.SQL("{} > {} + {}").format(
        sql.Identifier(table.info["record_clock"]),
        sql.Literal(present),
        sql.Literal(CLOCK_TOLERANCE),
    )


def _is_unending(name: str) -> sql.Composed:
    return sql.SQL("{} > {}").format(sql.Identifier(name), sql.Literal(LAST_INSTANT))


def _names(table: Table) -> tuple[str, str]:
    return table.info["domain"], table.name


def _references(table: Table) -> Iterator[tuple[str, str]]:
    """The columns that name a row of the same domain, each with the parent's key."""
    for column in table.columns:
        for key in column.foreign_keys:
            yield column.name, str(key.target_fullname).removesuffix(".id")
