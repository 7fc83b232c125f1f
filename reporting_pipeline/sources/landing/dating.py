"""Gives rows their report day, in SQL, and moves rows when the dating of their event changes.

The report day of a row is the local date of its business clock, in its event's time zone and after
its event's cutoff. A transaction without a known event uses its organisation's time zone and the
cutoff 00:00 (UTC if the organisation is unknown too). A row of another table whose event is unknown
has no day yet: it is held back.
"""

from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.contract import TABLES, ledger, ticketing
from reporting_pipeline.sources.landing.incoming import incoming, landed, landing_name

_EVENT_DAY = "landing.report_day(dated.{clock}, event.timezone, event.day_cutoff)"
_EVENT = "left join landing.ticketing_events as event on event.id = dated.event_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dating:
    """The SQL that gives the rows of one table, under the alias `dated`, their report day.

    Attributes:
        day: The SQL expression of the day.
        joins: The joins that the expression needs.
        key: The column with the event, order or transaction that gives the day.
        redated: The temporary table of those whose rows can move (`redated.sql`).
        months_of: The table that has every month of the rows: their number makes it costly to ask.
    """

    table: Table
    day: str
    joins: str
    key: str
    redated: str
    months_of: Table | None = None


def _by_event(table: Table) -> Dating:
    return Dating(
        table=table,
        day=_EVENT_DAY.format(clock=table.info["business_clock"]),
        joins=_EVENT,
        key="event_id",
        redated="redated_events",
    )


def _by_transaction(table: Table, months_of: Table | None = None) -> Dating:
    return Dating(
        table=table,
        day="transaction.report_day",
        joins=(
            "left join landing.ledger_transactions as transaction"
            " on transaction.id = dated.transaction_id"
        ),
        key="transaction_id",
        redated="redated_transactions",
        months_of=months_of,
    )


# The tables that do not simply take the zone and cutoff of the event in their `event_id`.
_OTHER_DATINGS = (
    Dating(
        table=ticketing.ORDER_LINE_MOVEMENTS,
        day=_EVENT_DAY.format(clock="occurred_at"),
        joins=(
            "left join landing.ticketing_orders as placed on placed.id = dated.order_id"
            " left join landing.ticketing_events as event on event.id = placed.event_id"
        ),
        key="order_id",
        redated="redated_orders",
    ),
    Dating(
        table=ledger.TRANSACTIONS,
        day=(
            "landing.report_day(dated.effective_at,"
            " coalesce(event.timezone, organization.timezone, 'UTC'),"
            " coalesce(event.day_cutoff, '00:00'))"
        ),
        joins=(
            f"{_EVENT} left join landing.ticketing_organizations as organization"
            " on organization.id = dated.organization_id"
        ),
        key="id",
        redated="redated_transactions",
    ),
    _by_transaction(ledger.ENTRIES, months_of=ledger.TRANSACTIONS),
    _by_transaction(ledger.PAYOUT_ITEMS),
)


def _datings() -> tuple[Dating, ...]:
    """One dating per dated table, in the contract's order: entries after their transactions."""
    others = {dating.table.key: dating for dating in _OTHER_DATINGS}
    return tuple(
        others.get(table.key) or _by_event(table)
        for table in TABLES
        if table.key in others or table.info["business_clock"] is not None
    )


DATINGS = _datings()


def insert_dated(warehouse: psycopg.Connection, dating: Dating) -> None:
    """Move new rows from a table's `incoming_...` table to landing, each with its report day."""
    if dating.months_of is None:
        days = sql.SQL("select {} as report_day from {} as dated {}").format(
            sql.SQL(dating.day), incoming(dating.table), sql.SQL(dating.joins)
        )
        _make_partitions(warehouse, dating.table, _months(warehouse, days))
    else:
        _make_partitions(warehouse, dating.table, _partitions(warehouse, dating.months_of))
    names = [column.name for column in dating.table.columns]
    statement = (
        "insert into {landed} ({names}, report_day)"
        " select {values}, {day} from {incoming} as dated {joins}"
    )
    warehouse.execute(
        sql.SQL(statement).format(
            landed=landed(dating.table),
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(sql.Identifier("dated", name) for name in names),
            day=sql.SQL(dating.day),
            incoming=incoming(dating.table),
            joins=sql.SQL(dating.joins),
        )
    )


def redate(warehouse: psycopg.Connection, dating: Dating) -> int:
    """Move landed rows whose dating has changed to their new day; return how many moved.

    Rows of a new event, order or transaction have been held back, so only their partition is read.
    """
    rows = landed(dating.table)
    held_back = _days(dating, rows, _is_of(dating, "dated.report_day is null and {} in ({})"))
    moved_count = _move(warehouse, dating.table, held_back, "kept.report_day is null")
    statement = sql.SQL("select exists (select from {} where not is_new)")
    if warehouse.execute(statement.format(sql.Identifier(dating.redated))).fetchone() == (True,):
        is_of = "dated.report_day is not null and {} in ({} where not is_new)"
        known = _days(dating, rows, _is_of(dating, is_of))
        moved_count += _move(warehouse, dating.table, known, "kept.report_day = moved.former_day")
    return moved_count


def _is_of(dating: Dating, condition: LiteralString) -> sql.Composed:
    redated = sql.SQL("select id from {}").format(sql.Identifier(dating.redated))
    return sql.SQL(condition).format(sql.Identifier("dated", dating.key), redated)


def _move(
    warehouse: psycopg.Connection, table: Table, days: sql.Composed, has_former_day: LiteralString
) -> int:
    moved = sql.SQL(
        "select * from ({}) as dated where report_day is distinct from former_day"
    ).format(days)
    _make_partitions(warehouse, table, _months(warehouse, moved))
    statement = (
        "update {landed} as kept set report_day = moved.report_day from ({moved}) as moved"
        " where kept.id = moved.id and {has_former_day}"
    )
    query = sql.SQL(statement).format(
        landed=landed(table), moved=moved, has_former_day=sql.SQL(has_former_day)
    )
    return warehouse.execute(query).rowcount


def _days(dating: Dating, rows: sql.Identifier, wanted: sql.Composed) -> sql.Composed:
    statement = (
        "select dated.id, {day} as report_day, dated.report_day as former_day"
        " from {rows} as dated {joins} where {wanted}"
    )
    return sql.SQL(statement).format(
        day=sql.SQL(dating.day), rows=rows, joins=sql.SQL(dating.joins), wanted=wanted
    )


def _months(warehouse: psycopg.Connection, days: sql.Composed) -> list[date]:
    """The first days of the months of some rows."""
    statement = (
        "select distinct date_trunc('month', report_day)::date from ({}) as day"
        " where report_day is not null order by 1"
    )
    return [month for (month,) in warehouse.execute(sql.SQL(statement).format(days)).fetchall()]


def _partitions(warehouse: psycopg.Connection, table: Table) -> list[date]:
    """The months of which a landed table has a partition."""
    statement = (
        "select relation.relname from pg_inherits"
        " inner join pg_class as relation on pg_inherits.inhrelid = relation.oid"
        " where pg_inherits.inhparent = {}::regclass order by relation.relname"
    )
    name = sql.Literal(landed(table).as_string(warehouse))
    prefix = f"{landing_name(table)}_"
    names = [found for (found,) in warehouse.execute(sql.SQL(statement).format(name)).fetchall()]
    suffixes = [found.removeprefix(prefix) for found in names]
    return [
        date(int(found[0]), int(found[1]), 1)
        for found in (each.split("_") for each in suffixes)
        if all(part.isdigit() for part in found)
    ]


def _make_partitions(warehouse: psycopg.Connection, table: Table, months: list[date]) -> None:
    missing = sorted(set(months).difference(_partitions(warehouse, table) if months else ()))
    for month in missing:
        name = f"{landing_name(table)}_{month:%Y_%m}"
        warehouse.execute(
            sql.SQL(
                "create table if not exists {} partition of {} for values from ({}) to ({})"
            ).format(
                sql.Identifier("landing", name),
                landed(table),
                sql.Literal(month),
                sql.Literal(_next_month(month)),
            )
        )


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
