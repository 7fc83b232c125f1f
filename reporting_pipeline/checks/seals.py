"""Seals: the state of the figures of an organisation's report day, with the reasons.

    final         all sources have landed past the end of the day and the delay; no error
    provisional   all sources have landed past the end of the day, but not the delay; no error
    held          a source has not landed past the end of the day, landed rows are not built, built
                  rows are not checked, or a check found an error

`seal_days` runs the checks after a build and stores their errors; a later build of the day removes
that seal. `seals_of` reads the progress of the sources and the queue of days to rebuild each time,
so a seal is as current as the snapshot in which a report is read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from sqlalchemy import URL

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

# A held report names a few reasons; the results of the checks list all.
_MAX_REASONS = 5
_BREAKS = "report_reconciliation_breaks"


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
    """

    seals: tuple[Seal, ...]
    watermarks: tuple[Watermark, ...]
    settled_at: datetime

    @property
    def state(self) -> SealState:
        """The worst state of its days."""
        states = {seal.state for seal in self.seals}
        for state in (SealState.HELD, SealState.PROVISIONAL):
            if state in states:
                return state
        return SealState.FINAL


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
            " (date, position, organization_id, report_table, check_name, message)"
            " values (%s, %s, %s, %s, %s, %s)",
            [
                (day, position, each.organization_id, table, each.check, each.message)
                for day, errors in found.items()
                for position, (table, each) in enumerate(errors, start=1)
            ],
        )
    return {day: [each for _, each in errors] for day, errors in found.items()}


def seals_of(
    connection: Connection[Any],
    organization_id: UUID,
    *,
    first: date,
    end: date,
    report_tables: Sequence[str],
    delay_seconds: int,
) -> SealedPeriod:
    """Return the seals of an organisation's report days [first, end) in the current snapshot.

    Args:
        connection: To the warehouse; nothing is written.
        organization_id: The organisation; its days end in its own zone and those of its events.
        first: The first report day.
        end: The day after the last.
        report_tables: The tables from which the figures come; the reconciliation is always added.
        delay_seconds: How long after the end of a day it stays provisional for late rows.
    """
    watermarks = tuple(_watermarks(connection))
    bound = {
        "organization_id": organization_id,
        "first_day": first,
        "end_day": end,
        "tables": sorted({*report_tables, _BREAKS}),
    }
    statement = Path(__file__).with_name("seal_facts.sql").read_bytes()
    delay = timedelta(seconds=delay_seconds)
    with connection.cursor(row_factory=dict_row) as cursor:
        facts = cursor.execute(statement, bound).fetchall()
    return SealedPeriod(
        seals=tuple(_seal(day, watermarks, delay) for day in facts),
        watermarks=watermarks,
        settled_at=max(day["ends_at"] for day in facts) + delay,
    )


def _errors(
    connection: Connection[Any], days: Sequence[date]
) -> dict[date, list[tuple[str, Discrepancy]]]:
    found: dict[date, list[tuple[str, Discrepancy]]] = {day: [] for day in days}
    for check in CHECKS:
        with span("check", check=check.name):
            by_day = check.find(connection, days)
        for day, discrepancies in by_day.items():
            errors = [each for each in discrepancies if each.severity is Severity.ERROR]
            found[day].extend((check.report_table, each) for each in errors)
    return found


def _watermarks(connection: Connection[Any]) -> Iterator[Watermark]:
    rows = connection.execute("select domain, complete_through from landing.source_reads")
    known: dict[str, datetime] = dict(rows.fetchall())
    for domain in DOMAINS:
        yield Watermark(domain=domain, complete_through=known.get(domain))


def _seal(day: Mapping[str, Any], watermarks: Sequence[Watermark], delay: timedelta) -> Seal:
    reasons = _reasons(day, watermarks)
    if reasons:
        return Seal(day=day["day"], state=SealState.HELD, reasons=reasons)
    final_at = day["ends_at"] + delay
    if any(_is_behind(each, final_at) for each in watermarks):
        reason = f"late rows are waited for until {_utc(final_at)}"
        return Seal(day=day["day"], state=SealState.PROVISIONAL, reasons=(reason,))
    return Seal(day=day["day"], state=SealState.FINAL)


def _reasons(day: Mapping[str, Any], watermarks: Sequence[Watermark]) -> tuple[str, ...]:
    # Provisional files print these sentences: to change one changes files.
    ends_at: datetime = day["ends_at"]
    reasons = [_behind(each, ends_at) for each in watermarks if _is_behind(each, ends_at)]
    if day["pending_tables"]:
        reasons.append(
            f"rows have landed that are not built yet: {', '.join(day['pending_tables'])}"
        )
    elif day["is_unchecked"]:
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
