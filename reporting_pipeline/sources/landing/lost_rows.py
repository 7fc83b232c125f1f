"""Landed rows that a source does not have any more: it promises to delete none.

Single ones are findings: the landed row stays and is counted, and its reports are held until the
row is back or a person accepts its loss. A source without most of its landed rows is another
database, or an old state of it: its new rows would be counted a second time, so nothing is landed.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.errors import SourceReplaced
from reporting_pipeline.sources.landing.row_findings import keep
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot, table_name

_IDS_PER_STATEMENT = 10_000
# Of each table so many rows with the lowest ids are looked for in the source, and with the highest.
_SAMPLED_PER_END = 50
# Fewer lost rows than this are findings, also if they are most of a small table.
_MIN_LOST = 10
_SHOWN_IDS_MAX = 3
_SAMPLE = sql.SQL("""
    with kept as not materialized (
        select landed.id from {landed} as landed
        where not exists (
            select from landing.row_findings as found
            where
                found.domain = {domain} and found.table_name = {name}
                and found.finding = 'deleted' and found.row_id = landed.id
        )
    )
    (select id from kept order by id limit {count})
    union
    (select id from kept order by id desc limit {count})
""")
_DELETED = sql.SQL("""
    select
        landed.id,
        'the source does not have it any more, and rows are never deleted' as reason,
        to_jsonb(landed) as record,
        null::jsonb as landed
    from {landed} as landed
    where landed.id = any({ids})
""")


def refuse_replaced(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    domain: str,
    tables: Sequence[tuple[Table, sql.Identifier]],
) -> None:
    """Compare a sample of the landed rows of a domain with the source.

    Args:
        warehouse: The warehouse.
        snapshot: The source.
        domain: The domain.
        tables: Its tables that the source has, each with its landed copy.

    Raises:
        SourceReplaced: Most of the sample of a table, or of the domain, is not there.
    """
    sampled_count, lost = 0, list[UUID]()
    for table, landed in tables:
        sample = _sample(warehouse, table, landed)
        gone = sorted(set(sample) - present_ids(snapshot, table, sample))
        if _is_most(gone, len(sample)):
            raise _replaced(domain, table.key, gone, len(sample))
        sampled_count, lost = sampled_count + len(sample), lost + gone
    if _is_most(lost, sampled_count):
        raise _replaced(domain, f"all tables of {domain}", lost, sampled_count)


def present_ids(snapshot: SourceSnapshot, table: Table, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that a source table has."""
    found: set[UUID] = set()
    for some in batches(ids):
        statement = sql.SQL("select id from {} where id = any({})").format(
            table_name(table), sql.Literal(some)
        )
        found.update(UUID(str(row_id)) for (row_id,) in snapshot.rows(table, statement))
    return found


def batches(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """The ids in parts that one statement can name."""
    for start in range(0, len(ids), _IDS_PER_STATEMENT):
        yield list(ids[start : start + _IDS_PER_STATEMENT])


def absent_ids(
    warehouse: psycopg.Connection,
    incoming: sql.Identifier,
    landed: sql.Identifier,
    asked: sql.Composable,
) -> list[UUID]:
    """The landed rows that were asked for, and that the source did not give.

    Args:
        warehouse: The warehouse.
        incoming: The rows that were read, unchanged.
        landed: The landed rows.
        asked: The condition of the rows that were asked for.
    """
    statement = (
        "select landed.id from {landed} as landed where ({asked}) and not exists"
        " (select from {incoming} as incoming where incoming.id = landed.id)"
    )
    query = sql.SQL(statement).format(landed=landed, asked=asked, incoming=incoming)
    return [row_id for (row_id,) in warehouse.execute(query).fetchall()]


def note_deleted(
    warehouse: psycopg.Connection, table: Table, landed: sql.Identifier, ids: Sequence[UUID]
) -> None:
    """Keep landed rows that are not in the source as findings."""
    for some in batches(ids):
        found = _DELETED.format(landed=landed, ids=sql.Literal(some))
        keep(warehouse, table, "deleted", found)


def forget_returned(warehouse: psycopg.Connection, table: Table, incoming: sql.Identifier) -> None:
    """Delete the findings of deleted rows that the source has again."""
    statement = sql.SQL(
        "delete from landing.row_findings as found using {} as incoming"
        " where found.domain = {} and found.table_name = {} and found.finding = 'deleted'"
        " and found.row_id = incoming.id"
    ).format(incoming, sql.Literal(table.info["domain"]), sql.Literal(table.name))
    warehouse.execute(statement)


def _sample(warehouse: psycopg.Connection, table: Table, landed: sql.Identifier) -> list[UUID]:
    statement = _SAMPLE.format(
        landed=landed,
        domain=sql.Literal(table.info["domain"]),
        name=sql.Literal(table.name),
        count=_SAMPLED_PER_END,
    )
    return [row_id for (row_id,) in warehouse.execute(statement).fetchall()]


def _is_most(lost: Sequence[UUID], sampled_count: int) -> bool:
    return len(lost) >= _MIN_LOST and 2 * len(lost) > sampled_count


def _replaced(domain: str, where: str, lost: Sequence[UUID], sampled_count: int) -> SourceReplaced:
    shown = ", ".join(map(str, lost[:_SHOWN_IDS_MAX]))
    message = (
        f"source {domain} is not the database that was landed: of {sampled_count} landed rows of "
        f"{where} that were looked for, {len(lost)} are not there, such as {shown}; it was "
        "emptied, loaded again under other ids, or set back to an old state; nothing was landed: "
        "restore it, or run `reporting land --despite-losses` to keep the lost rows as findings"
    )
    return SourceReplaced(message, domain=domain)
