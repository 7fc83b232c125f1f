"""Findings about devices, kept with the seals of their days: for alerts, and for people.

Seals keep the errors of checks. These findings are warnings, but somebody must act on them: a
device with a wrong clock is used at the next event too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.checks.checks import DEVICE_CHECK_NAMES
from reporting_pipeline.domain.discrepancy import Discrepancy

_INSERT = """
    insert into reporting.device_findings (
        date, position, organization_id, event_id, gate_id, device_id, check_name, scan_count,
        message
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FINDINGS = """
    select
        finding.date, finding.organization_id, finding.event_id, event.name as event_name,
        finding.gate_id, gate.name as gate_name, finding.check_name, finding.scan_count,
        finding.message
    from reporting.device_findings as finding
    left join landing.ticketing_events as event on finding.event_id = event.id
    left join landing.scanning_gates as gate on finding.gate_id = gate.id
    where
        (%(organization_id)s::uuid is null or finding.organization_id = %(organization_id)s)
        and (%(event_id)s::uuid is null or finding.event_id = %(event_id)s)
    order by finding.date desc, finding.position
    limit %(limit)s
"""
_OF_ALL_DEVICES = """
    select message from reporting.device_findings
    where event_id = %s and date < %s and device_id is null
    order by date desc, position
    limit 1
"""
_BY_EVENT = """
    select
        finding.organization_id,
        finding.event_id,
        event.name as event_name,
        count(distinct finding.device_id) as device_count,
        count(distinct finding.gate_id) as gate_count,
        array_agg(distinct finding.check_name) as check_names,
        min(finding.date) as first_day,
        max(finding.date) as last_day,
        (array_agg(finding.message order by finding.scan_count desc, finding.message))[1] as largest
    from reporting.device_findings as finding
    inner join landing.ticketing_events as event on finding.event_id = event.id
    where
        finding.device_id is not null
        and finding.check_name = any(%(check_names)s)
        and event.ends_at > %(ended_after)s
    group by finding.organization_id, finding.event_id, event.name
    order by finding.organization_id, finding.event_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFinding:
    """A finding of one check about a device, or about all devices of an event.

    Attributes:
        event_name: None: the event is not known.
        gate_id: None: it is about all devices of the event.
        gate_name: None: it is about no gate, or the gate is not known.
    """

    date: date
    organization_id: UUID
    event_id: UUID
    event_name: str | None
    gate_id: UUID | None
    gate_name: str | None
    check_name: str
    scan_count: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesOfEvent:
    """The devices of an event with findings.

    Attributes:
        first_day: The first report day of a finding.
        last_day: The last one.
        largest: The message of the finding with the most scans.
    """

    organization_id: UUID
    event_id: UUID
    event_name: str
    device_count: int
    gate_count: int
    check_names: list[str]
    first_day: date
    last_day: date
    largest: str


def keep_device_findings(
    connection: Connection[Any], found: Mapping[date, Iterable[Discrepancy]]
) -> None:
    """Store the findings of newly sealed days, in the transaction of their seals."""
    rows = [
        (
            *(day, position, each.organization_id, each.ids["event_id"]),
            *(each.ids.get("gate_id"), each.ids.get("device_id")),
            *(each.check, each.found or 0, each.message),
        )
        for day, of_day in found.items()
        for position, each in enumerate(
            (each for each in of_day if each.check in DEVICE_CHECK_NAMES and each.ids), start=1
        )
    ]
    connection.cursor().executemany(_INSERT, rows)


def device_findings(
    connection: Connection[Any],
    organization_id: UUID | None = None,
    event_id: UUID | None = None,
    *,
    limit: int,
) -> list[DeviceFinding]:
    """The findings of an organisation or an event, or all; the newest report days first."""
    bound = {"organization_id": organization_id, "event_id": event_id, "limit": limit}
    with connection.cursor(row_factory=class_row(DeviceFinding)) as cursor:
        return cursor.execute(_FINDINGS, bound).fetchall()


def clock_note(connection: Connection[Any], event_id: UUID, *, end: date) -> str | None:
    """The note for readers of a report of the event: how many scans lie outside its days.

    Args:
        connection: To the warehouse; nothing is written.
        event_id: The event.
        end: The day after the last day of the report.
    """
    found = connection.execute(_OF_ALL_DEVICES, (event_id, end)).fetchone()
    if found is None:
        return None
    text = str(found[0]).partition(": ")[2]
    return f"{text[:1].upper()}{text[1:]}"


def devices_by_event(
    connection: Connection[Any], check_names: Sequence[str], *, ended_after: datetime
) -> list[DevicesOfEvent]:
    """The devices with findings of these checks, by event; former events are left out."""
    bound = {"check_names": list(check_names), "ended_after": ended_after}
    with connection.cursor(row_factory=class_row(DevicesOfEvent)) as cursor:
        return cursor.execute(_BY_EVENT, bound).fetchall()
