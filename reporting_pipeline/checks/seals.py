"""Seals: the state of the figures of an organisation's report day, with the reasons.

    final         all sources have landed past the end of the day and the delay; no error
    provisional   all sources have landed past the end of the day, but not the delay, or a row
                  without money is set aside; no error
    held          a source has not landed past the end of the day, landed rows are not built, built
                  rows are not checked, a break is open, a row with money is set aside, or a check
                  found another error

`seal_days` runs the checks after a build and stores their errors; a later build of the day removes
that seal. `seals_of` reads the progress of the sources, the queue of days to rebuild, the breaks
and the rows that are set aside each time, so a seal is as current as the snapshot in which a report
is read.

An objection concerns one event, or no single event. A report without money has no objection by a
break: Ticketing and the ledger differ, and it shows neither. A break that a person has accepted
(`accepted_breaks`) is no objection.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.checks.breaks import AcceptedBreak, accepted_breaks_of
from reporting_pipeline.checks.checks import CHECKS, Check
from reporting_pipeline.checks.day_findings import keep_findings
from reporting_pipeline.checks.device_findings import keep_device_findings
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.currencies import MINOR_DIGITS
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.dbt_models import landing_tables_read
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA, WARNING_KINDS
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landing.row_findings import HOLDING_FINDINGS
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

# Of a history that is longer, all earlier days count as its first one: a device that makes scans of
# the year 1 gives an organisation 740,000 days.
_LONGEST_HISTORY = timedelta(days=30 * 366)
# A held report names a few reasons; the results of the checks list all.
_MAX_REASONS = 5
_BREAKS = "report_reconciliation_breaks"
_OBJECTION_COLUMNS = sql.SQL(
    "date, position, organization_id, event_id, report_table, check_name, message"
)
# Steps from day to day along the index, whatever the number of rows.
_UNSEALED = sql.SQL("""
    with recursive days as (
        (select date as day from {table} order by date limit 1)
        union all
        select (
            select later.date from {table} as later
            where later.date > days.day order by later.date limit 1
        )
        from days
        where days.day is not null
    )

    select day from days
    where day is not null and not exists (select from reporting.sealed_days where date = day)
""")


class SealState(StrEnum):
    """How reliable the figures of a day are."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The seal of one organisation's report day.

    Attributes:
        reasons: Why the state is not final; empty where it is.
        has_objection: A break is open, or a check found another error. Without it, a held day only
            waits for rows, a build or its checks.
    """

    day: date
    state: SealState
    reasons: tuple[str, ...] = ()
    has_objection: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """The instant up to which a source domain has landed; None: it has never landed."""

    domain: str
    complete_through: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPeriod:
    """The seals of a period, and the watermarks from which they follow.

    Attributes:
        seals: One per report day, in order.
        settled_at: When the delay after the last day ends.
        accepted: The accepted breaks of these days, which do not hold them.
    """

    seals: tuple[Seal, ...]
    watermarks: tuple[Watermark, ...]
    settled_at: datetime
    accepted: tuple[AcceptedBreak, ...] = ()

    @property
    def state(self) -> SealState:
        """The worst state of its days."""
        states = {seal.state for seal in self.seals}
        for state in (SealState.HELD, SealState.PROVISIONAL):
            if state in states:
                return state
        return SealState.FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class SealScope:
    """The report days, tables and events of which a report has figures.

    Attributes:
        organization_id: The organisation; its days end in its own zone and those of its events.
        first: The first report day; None: the first one with a row in the tables.
        end: The day after the last.
        report_tables: The tables from which the figures come.
        event_ids: The events of which the report has rows; None: all events of the organisation.
        are_breaks_objections: Open breaks hold the days, and the table of breaks must be built.
    """

    organization_id: UUID
    first: date | None
    end: date
    report_tables: tuple[str, ...]
    event_ids: tuple[UUID, ...] | None = None
    are_breaks_objections: bool = True


def seal_days(
    warehouse: URL, days: Collection[date], sealed_at: datetime
) -> dict[date, list[Discrepancy]]:
    """Run every check over built days, and store the errors as objections to their seals.

    Returns:
        The errors of each day, of all organisations.
    """
    return errors_of(check_and_seal(warehouse, days, sealed_at))


def check_and_seal(
    warehouse: URL, days: Collection[date], sealed_at: datetime
) -> dict[Check, Findings]:
    """Run every check over built days, store its errors as objections, and return its findings.

    The number of its findings by day and severity, and findings about devices, are stored too.

    Builds wait while it runs, so the sealed rows are the rows that were checked.
    """
    in_order = sorted(set(days))
    with span("seal", days=len(in_order)), warehouse_connection(warehouse) as connection:
        for table in REPORT_TABLES:
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (table.name,))
        found = _findings(connection, in_order)
        connection.execute("delete from reporting.sealed_days where date = any(%s)", (in_order,))
        connection.execute(
            "insert into reporting.sealed_days (date, sealed_at)"
            " select day, %s from unnest(%s::date[]) as day",
            (sealed_at, in_order),
        )
        connection.execute("select reporting.note_referred_rows(%s)", (in_order,))
        _keep_objections(connection, found)
        keep_findings(connection, found)
        of_days = {
            day: [each for of_check in found.values() for each in of_check[day]] for day in in_order
        }
        keep_device_findings(connection, of_days)
    return found


def errors_of(found: Mapping[Check, Findings]) -> dict[date, list[Discrepancy]]:
    """The errors of each day, in the order of the checks."""
    days = {day: None for of_check in found.values() for day in of_check}
    return {
        day: [
            each
            for of_check in found.values()
            for each in of_check[day]
            if each.severity is Severity.ERROR
        ]
        for day in days
    }


def seals_of(connection: Connection[Any], scope: SealScope, *, delay_seconds: int) -> SealedPeriod:
    """Return the seals of an organisation's report days in the current snapshot.

    Args:
        connection: To the warehouse; nothing is written.
        scope: The days and what is read from them.
        delay_seconds: How long after the end of a day it stays provisional for late rows.
    """
    first = scope.first or max(_first_day(connection, scope), scope.end - _LONGEST_HISTORY)
    earliest = scope.first or date.min
    events = None if scope.event_ids is None else list(scope.event_ids)
    breaks = {_BREAKS} if scope.are_breaks_objections else set()
    tables = sorted({*scope.report_tables, *breaks})
    bound = {
        "organization_id": scope.organization_id,
        "event_ids": events,
        "are_breaks_objections": scope.are_breaks_objections,
        "first_day": first,
        "earliest_day": earliest,
        "end_day": scope.end,
        "tables": tables,
        "landing_tables": sorted(landing_tables_read(tables)),
        "holding_findings": list(HOLDING_FINDINGS),
        "warning_kinds": list(WARNING_KINDS),
        "digits": Jsonb(dict(MINOR_DIGITS)),
    }
    watermarks = tuple(_watermarks(connection))
    statement = Path(__file__).with_name("seal_facts.sql").read_bytes()
    delay = timedelta(seconds=delay_seconds)
    with connection.cursor(row_factory=dict_row) as cursor:
        facts = cursor.execute(statement, bound).fetchall()
    unchecked = _unchecked_days(connection, bound)
    return SealedPeriod(
        seals=tuple(
            _seal(day, watermarks, delay, is_unchecked=day["day"] in unchecked) for day in facts
        ),
        watermarks=watermarks,
        settled_at=max(day["ends_at"] for day in facts) + delay,
        accepted=accepted_breaks_of(
            connection, scope.organization_id, first=earliest, end=scope.end, event_ids=events
        )
        if breaks
        else (),
    )


def unsealed_days(warehouse: URL) -> list[date]:
    """The days with rows in a report table that no check has seen since they were built.

    A process that dies between a build and its seals leaves such days.
    """
    days: set[date] = set()
    with warehouse_connection(warehouse) as connection:
        for table in REPORT_TABLES:
            statement = _UNSEALED.format(table=sql.Identifier(SCHEMA, table.name))
            days.update(day for (day,) in connection.execute(statement))
    return sorted(days)


def _first_day(connection: Connection[Any], scope: SealScope) -> date:
    """The first day with a row in one of the tables; the last day if there is none."""
    firsts = sql.SQL(" union all ").join(
        sql.SQL(
            "(select date from {} where organization_id = %(organization_id)s and date < %(end)s"
            " and (%(event_ids)s::uuid[] is null or event_id = any(%(event_ids)s))"
            " order by date limit 1)"
        ).format(sql.Identifier(SCHEMA, table))
        for table in scope.report_tables
    )
    events = None if scope.event_ids is None else list(scope.event_ids)
    bound = {"organization_id": scope.organization_id, "end": scope.end, "event_ids": events}
    found = connection.execute(
        sql.SQL("select min(date) from ({}) as firsts").format(firsts), bound
    ).fetchone()
    return (found and found[0]) or scope.end - timedelta(days=1)


def _unchecked_days(connection: Connection[Any], bound: Mapping[str, Any]) -> set[date]:
    """The days of the organisation that are built and not sealed; the first for earlier ones."""
    has_rows = sql.SQL(" or ").join(
        sql.SQL(
            "exists (select from {} as built"
            " where built.date = days.date and built.organization_id = %(organization_id)s)"
        ).format(sql.Identifier(SCHEMA, table))
        for table in bound["tables"]
    )
    statement = sql.SQL(
        "select days.date from (select cast(day as date) as date from"
        " generate_series(%(first_day)s::date, %(end_day)s::date - 1, interval '1 day') as day"
        ") as days where not exists ("
        "select from reporting.sealed_days as sealed where sealed.date = days.date) and ({})"
    ).format(has_rows)
    earlier = sql.SQL(" union all ").join(
        sql.SQL(
            "select %(first_day)s::date from {} as built where built.date < %(first_day)s"
            " and built.date >= %(earliest_day)s and built.organization_id = %(organization_id)s"
            " and not exists ("
            "select from reporting.sealed_days as sealed where sealed.date = built.date)"
        ).format(sql.Identifier(SCHEMA, table))
        for table in bound["tables"]
    )
    both = sql.SQL("{} union {}").format(statement, earlier)
    return {day for (day,) in connection.execute(both, bound)}


def _findings(connection: Connection[Any], days: Sequence[date]) -> dict[Check, Findings]:
    found: dict[Check, Findings] = {}
    for check in CHECKS:
        with span("check", check=check.name):
            found[check] = check.find(connection, days)
    return found


def _keep_objections(connection: Connection[Any], found: Mapping[Check, Findings]) -> None:
    days = {day: None for of_check in found.values() for day in of_check}
    # PostgreSQL refuses COPY into a table with row-level security.
    connection.execute(
        "create temporary table found_objections (like reporting.seal_objections) on commit drop"
    )
    with connection.cursor().copy(
        sql.SQL("copy found_objections ({}) from stdin").format(_OBJECTION_COLUMNS)
    ) as copy:
        for day in days:
            errors = (
                (check, each)
                for check, of_check in found.items()
                for each in of_check[day]
                if each.severity is Severity.ERROR
            )
            for position, (check, each) in enumerate(errors, start=1):
                if not check.is_read_live:
                    copy.write_row(
                        (
                            *(day, position, each.organization_id, each.ids.get("event_id")),
                            *(check.report_table, each.check, each.message),
                        )
                    )
    # One statement: each statement counts the days as changed.
    connection.execute(
        sql.SQL(
            "insert into reporting.seal_objections ({0}) select {0} from found_objections"
        ).format(_OBJECTION_COLUMNS)
    )
    connection.execute("drop table found_objections")


def _watermarks(connection: Connection[Any]) -> Iterator[Watermark]:
    rows = connection.execute("select domain, complete_through from landing.source_reads")
    known: dict[str, datetime] = dict(rows.fetchall())
    for domain in DOMAINS:
        yield Watermark(domain=domain, complete_through=known.get(domain))


def _seal(
    day: Mapping[str, Any],
    watermarks: Sequence[Watermark],
    delay: timedelta,
    *,
    is_unchecked: bool,
) -> Seal:
    reasons = _reasons(day, watermarks, is_unchecked=is_unchecked)
    if reasons:
        return Seal(
            day=day["day"],
            state=SealState.HELD,
            reasons=reasons,
            has_objection=bool(day["objections"]),
        )
    final_at = day["ends_at"] + delay
    doubts = _listed(day["doubts"])
    if any(_is_behind(each, final_at) for each in watermarks):
        doubts = (f"late rows are waited for until {_utc(final_at)}", *doubts)
    if doubts:
        return Seal(day=day["day"], state=SealState.PROVISIONAL, reasons=doubts)
    return Seal(day=day["day"], state=SealState.FINAL)


def _reasons(
    day: Mapping[str, Any], watermarks: Sequence[Watermark], *, is_unchecked: bool
) -> tuple[str, ...]:
    # Provisional files print these sentences: to change one changes files.
    ends_at: datetime = day["ends_at"]
    reasons = [_behind(each, ends_at) for each in watermarks if _is_behind(each, ends_at)]
    if day["pending_tables"]:
        reasons.append(
            f"rows have landed that are not built yet: {', '.join(day['pending_tables'])}"
        )
    elif is_unchecked:
        reasons.append("the day was built and not checked since")
    return (*reasons, *_listed(day["objections"]))


def _listed(found: Sequence[str]) -> tuple[str, ...]:
    more = len(found) - _MAX_REASONS
    return (*found[:_MAX_REASONS], *((f"and {more} errors more",) if more > 0 else ()))


def _is_behind(watermark: Watermark, instant: datetime) -> bool:
    return watermark.complete_through is None or watermark.complete_through < instant


def _behind(watermark: Watermark, ends_at: datetime) -> str:
    reached = "never landed"
    if watermark.complete_through is not None:
        reached = f"landed through {_utc(watermark.complete_through)}"
    return f"{watermark.domain} is {reached}, the day ends at {_utc(ends_at)}"


def _utc(instant: datetime) -> str:
    # psycopg returns it in the zone of the session, which the server decides.
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
