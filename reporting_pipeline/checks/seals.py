"""Seals: the state of the figures of an organisation's report day, with the reasons.

    final         all sources have landed past the end of the day and the delay; no error
    provisional   all sources have landed past the end of the day, but not the delay; no error
    held          a source has not landed past the end of the day, landed rows are not built, built
                  rows are not checked, a break is open, or a check found another error

`seal_days` runs the checks after a build and stores their errors; a later build of the day removes
that seal. `seals_of` reads the progress of the sources, the queue of days to rebuild and the breaks
each time, so a seal is as current as the snapshot in which a report is read.

An objection concerns one event, or no single event. A break that a person has accepted
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
from sqlalchemy import URL

from reporting_pipeline.checks.breaks import AcceptedBreak, accepted_breaks_of
from reporting_pipeline.checks.checks import CHECKS, Check
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA, WARNING_KINDS
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

# A held report names a few reasons; the results of the checks list all.
_MAX_REASONS = 5
_BREAKS = "report_reconciliation_breaks"
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
    """

    day: date
    state: SealState
    reasons: tuple[str, ...] = ()


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
        report_tables: The tables from which the figures come; the reconciliation is always added.
        event_ids: The events of which the report has rows; None: all events of the organisation.
    """

    organization_id: UUID
    first: date | None
    end: date
    report_tables: tuple[str, ...]
    event_ids: tuple[UUID, ...] | None = None


def seal_days(
    warehouse: URL, days: Collection[date], sealed_at: datetime
) -> dict[date, list[Discrepancy]]:
    """Run every check over built days, and store the errors as objections to their seals.

    Builds wait while it runs, so the sealed rows are the rows that were checked.

    Returns:
        The errors of each day, of all organisations.
    """
    in_order = sorted(set(days))
    with span("seal", days=len(in_order)), warehouse_connection(warehouse) as connection:
        for table in REPORT_TABLES:
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (table.name,))
        found = _errors(connection, in_order)
        connection.execute("delete from reporting.sealed_days where date = any(%s)", (in_order,))
        connection.cursor().executemany(
            "insert into reporting.sealed_days (date, sealed_at) values (%s, %s)",
            [(day, sealed_at) for day in in_order],
        )
        connection.cursor().executemany(
            "insert into reporting.seal_objections"
            " (date, position, organization_id, event_id, report_table, check_name, message)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    *(day, position, each.organization_id, each.ids.get("event_id")),
                    *(check.report_table, each.check, each.message),
                )
                for day, errors in found.items()
                for position, (check, each) in enumerate(errors, start=1)
                if not check.finds_breaks
            ],
        )
    return {day: [each for _, each in errors] for day, errors in found.items()}


def seals_of(connection: Connection[Any], scope: SealScope, *, delay_seconds: int) -> SealedPeriod:
    """Return the seals of an organisation's report days in the current snapshot.

    Args:
        connection: To the warehouse; nothing is written.
        scope: The days and what is read from them.
        delay_seconds: How long after the end of a day it stays provisional for late rows.
    """
    first = scope.first or _first_day(connection, scope)
    events = None if scope.event_ids is None else list(scope.event_ids)
    bound = {
        "organization_id": scope.organization_id,
        "event_ids": events,
        "first_day": first,
        "end_day": scope.end,
        "tables": sorted({*scope.report_tables, _BREAKS}),
        "warning_kinds": list(WARNING_KINDS),
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
            connection, scope.organization_id, first=first, end=scope.end, event_ids=events
        ),
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
    """The days of the organisation that are built and not sealed."""
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
    return {day for (day,) in connection.execute(statement, bound)}


def _errors(
    connection: Connection[Any], days: Sequence[date]
) -> dict[date, list[tuple[Check, Discrepancy]]]:
    found: dict[date, list[tuple[Check, Discrepancy]]] = {day: [] for day in days}
    for check in CHECKS:
        with span("check", check=check.name):
            by_day = check.find(connection, days)
        for day, discrepancies in by_day.items():
            errors = [each for each in discrepancies if each.severity is Severity.ERROR]
            found[day].extend((check, each) for each in errors)
    return found


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
        return Seal(day=day["day"], state=SealState.HELD, reasons=reasons)
    final_at = day["ends_at"] + delay
    if any(_is_behind(each, final_at) for each in watermarks):
        reason = f"late rows are waited for until {_utc(final_at)}"
        return Seal(day=day["day"], state=SealState.PROVISIONAL, reasons=(reason,))
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
    objections: Sequence[str] = day["objections"]
    reasons.extend(objections[:_MAX_REASONS])
    if len(objections) > _MAX_REASONS:
        reasons.append(f"and {len(objections) - _MAX_REASONS} errors more")
    return tuple(reasons)


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
