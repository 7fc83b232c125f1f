"""Gives rows their report day, in SQL, and moves rows when the dating of their event changes.

The report day of a row is the local date of its business clock, in its event's time zone and after
its event's cutoff. A transaction without a known event uses its organisation's time zone and the
cutoff 00:00 (UTC if the organisation is unknown too). A row of another table whose event is unknown
has no day yet: it is held back.
"""

from dataclasses import dataclass
from datetime import date

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
        affected: The SQL condition of the landed rows that can move when new rows are merged.
    """

    table: Table
    day: str
    joins: str
    affected: str


def _by_event(table: Table) -> Dating:
    return Dating(
        table=table,
        day=_EVENT_DAY.format(clock=table.info["business_clock"]),
        joins=_EVENT,
        affected="dated.event_id in (select id from redated_events)",
    )


def _by_transaction(table: Table) -> Dating:
    return Dating(
        table=table,
        day="transaction.report_day",
        joins=(
            "left join landing.ledger_transactions as transaction"
            " on transaction.id = dated.transaction_id"
        ),
        affected="dated.transaction_id in (select id from redated_transactions)",
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
        affected="dated.order_id in (select id from redated_orders)",
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
        affected="dated.id in (select id from redated_transactions)",
    ),
    _by_transaction(ledger.ENTRIES),
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
    days = _days(dating, incoming(dating.table), "true")
    _make_partitions(warehouse, dating.table, days)
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
    """Move landed rows whose dating has changed to their new day; return how many moved."""
    days = _days(dating, landed(dating.table), dating.affected)
    _make_partitions(warehouse, dating.table, days)
    statement = (
        "update {landed} as kept set report_day = moved.report_day from ({days}) as moved"
        " where kept.id = moved.id and kept.report_day is distinct from moved.report_day"
    )
    query = sql.SQL(statement).format(landed=landed(dating.table), days=days)
    return warehouse.execute(query).rowcount


def _days(dating: Dating, rows: sql.Identifier, wanted: str) -> sql.Composed:
    statement = "select dated.id, {day} as report_day from {rows} as dated {joins} where {wanted}"
    return sql.SQL(statement).format(
        day=sql.SQL(dating.day),
        rows=rows,
        joins=sql.SQL(dating.joins),
        wanted=sql.SQL(wanted),
    )


def _make_partitions(warehouse: psycopg.Connection, table: Table, days: sql.Composed) -> None:
    statement = (
        "select distinct date_trunc('month', report_day)::date from ({}) as day"
        " where report_day is not null order by 1"
    )
    for (month,) in warehouse.execute(sql.SQL(statement).format(days)).fetchall():
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
