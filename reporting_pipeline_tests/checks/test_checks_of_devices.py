"""Devices with a wrong clock or counter, or in two places, are named with their gate and event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline_tests.checks.conftest import RunCheck

DEVICE_CHECKS = ("device_clocks", "device_counters", "device_places", "device_uploads")

DOORS = datetime(2025, 10, 25, 17, tzinfo=UTC)
"""When the doors of each event open here: in the night after it, summer time ends in Berlin."""

DAY = date(2025, 10, 25)
_INSERT = """
    insert into landing.scanning_scans (
        id, event_id, gate_id, device_id, device_sequence, ticket_id, direction, outcome,
        is_offline, scanned_at, received_at, report_day
    )
    select
        %(id)s, event.id, %(gate)s, %(device)s, %(number)s, %(ticket)s, 'entry', 'accepted',
        %(is_offline)s, %(made)s, %(received)s,
        landing.report_day(%(made)s, event.timezone, event.day_cutoff)
    from landing.ticketing_events as event
    where event.id = %(event)s
    returning report_day
"""


@dataclass(kw_only=True)
class Scanner:
    """A device at a gate of an event; each scan gets the next number and is received at once."""

    books: Connection[TupleRow]
    event: UUID
    gate: UUID = field(default_factory=uuid4)
    device: UUID = field(default_factory=uuid4)
    number: int = 0

    def scan(
        self,
        made: datetime,
        *,
        received: datetime | None = None,
        number: int | None = None,
        ticket: UUID | None = None,
        is_offline: bool = False,
    ) -> date:
        """Insert a scan; return its report day."""
        self.number = self.number + 1 if number is None else number
        bound = {
            "id": uuid4(),
            "event": self.event,
            "gate": self.gate,
            "device": self.device,
            "number": self.number,
            "ticket": ticket or uuid4(),
            "is_offline": is_offline,
            "made": made,
            "received": received or made + timedelta(seconds=1),
        }
        [(day,)] = self.books.execute(_INSERT, bound).fetchall()
        assert isinstance(day, date)
        return day

    @property
    def ids(self) -> dict[str, UUID]:
        return {"event_id": self.event, "gate_id": self.gate, "device_id": self.device}


@pytest.fixture
def add_event(books: Connection[TupleRow]) -> Callable[..., UUID]:
    """Adds an event in Berlin on the evening of DAY; keywords are its columns."""

    def add(**columns: Any) -> UUID:
        [(event,)] = books.execute(
            """
            insert into landing.ticketing_events (
                id, organization_id, venue_id, name, timezone, day_cutoff, currency, status,
                doors_at, starts_at, ends_at, updated_at
            )
            select
                gen_random_uuid(), coalesce(%(organization_id)s, id), %(venue_id)s, 'Concert',
                'Europe/Berlin', '05:00', 'EUR', 'on_sale', %(doors)s,
                %(doors)s + interval '1 hour', %(doors)s + interval '5 hours', %(doors)s
            from landing.ticketing_organizations order by id limit 1
            returning id
            """,
            {"organization_id": None, "venue_id": None, "doors": DOORS, **columns},
        ).fetchall()
        assert isinstance(event, UUID)
        return event

    return add


@pytest.fixture
def scanner(books: Connection[TupleRow], add_event: Callable[..., UUID]) -> Scanner:
    """A device at an event of its own."""
    return Scanner(books=books, event=add_event())


def _of(found: list[Discrepancy], scanner: Scanner) -> list[Discrepancy]:
    return [each for each in found if each.ids.get("event_id") == scanner.event]


def _at(minutes: float) -> datetime:
    return DOORS + timedelta(minutes=minutes)


@pytest.mark.parametrize("name", DEVICE_CHECKS)
def test_the_season_has_no_wrong_device(
    name: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    days = [
        day for (day,) in books.execute("select distinct report_day from landing.scanning_scans")
    ]

    assert not any(run_check(name, days).values())


@pytest.mark.parametrize("name", DEVICE_CHECKS)
def test_a_device_that_works_is_not_named(name: str, scanner: Scanner, run_check: RunCheck) -> None:
    for minute in range(30):
        scanner.scan(_at(minute))
    ticket = uuid4()
    for _ in range(3):  # uploads of one scan
        scanner.scan(_at(31), number=31, ticket=ticket, received=_at(32))

    assert not _of(run_check(name, [DAY])[DAY], scanner)


@pytest.mark.parametrize("name", DEVICE_CHECKS)
def test_scans_made_offline_may_be_uploaded_days_later_in_any_order(
    name: str, scanner: Scanner, run_check: RunCheck
) -> None:
    for minute in range(10):
        scanner.scan(_at(minute))
    for minute in range(10, 20):
        scanner.scan(_at(minute), received=_at(60 * 50 - minute), is_offline=True)
    for minute in range(20, 30):
        scanner.scan(_at(minute))

    assert not _of(run_check(name, [DAY])[DAY], scanner)


@pytest.mark.parametrize("name", DEVICE_CHECKS)
def test_the_hour_that_comes_twice_is_no_wrong_clock(
    name: str, scanner: Scanner, run_check: RunCheck
) -> None:
    for hour in range(10):  # until 03:00 in winter time, after 02:00 came twice
        assert scanner.scan(_at(60 * hour)) == DAY

    assert not _of(run_check(name, [DAY])[DAY], scanner)


@pytest.mark.parametrize("name", DEVICE_CHECKS)
def test_uploads_that_were_delayed_for_hours_are_no_wrong_clock(
    name: str, scanner: Scanner, run_check: RunCheck
) -> None:
    scanner.scan(_at(0))
    for minute in range(1, 20):
        scanner.scan(_at(minute), received=_at(300 + minute))

    assert not _of(run_check(name, [DAY])[DAY], scanner)


def test_a_clock_that_is_back_at_2000_is_named_on_its_day_and_on_the_last_day_of_the_event(
    scanner: Scanner, run_check: RunCheck
) -> None:
    scanner.scan(_at(0))
    made = datetime(2000, 1, 1, 12, tzinfo=UTC)
    outside = scanner.scan(made, received=_at(10))
    for minute in range(1, 5):
        scanner.scan(made + timedelta(minutes=minute), received=_at(10 + minute))

    found = run_check("device_clocks", [outside, DAY])

    [device] = _of(found[outside], scanner)
    assert (device.severity, device.ids) == (Severity.WARN, scanner.ids)
    assert (device.expected, device.found) == (0, 5)
    assert device.message == (
        f"device {scanner.device} at gate {scanner.gate} of event {scanner.event}: its clock is "
        "behind, scans made from 2000-01-01 12:00 to 2000-01-01 12:04 UTC were received from "
        "2025-10-25 17:10 to 2025-10-25 17:14 UTC; scans: 5"
    )
    [event] = _of(found[DAY], scanner)
    assert (event.ids, event.found) == ({"event_id": scanner.event}, 5)
    assert event.message == (
        f"event {scanner.event}: wrong clocks have dated scans to 2000-01-01, outside its "
        "days 2025-10-25 to 2025-10-25; devices: 1; scans: 5"
    )


def test_a_clock_that_is_ahead_is_named(scanner: Scanner, run_check: RunCheck) -> None:
    outside = scanner.scan(datetime(2063, 4, 5, 12, tzinfo=UTC), received=_at(0))
    scanner.scan(_at(10), received=_at(10))

    found = run_check("device_clocks", [outside, DAY])

    [device] = _of(found[outside], scanner)
    assert "its clock is ahead" in device.message
    assert device.ids == scanner.ids
    [event] = _of(found[DAY], scanner)
    assert "dated scans to 2063-04-05" in event.message


@pytest.mark.parametrize(("minutes", "count"), [(4, 0), (6, 1)])
def test_a_clock_may_be_some_minutes_ahead(
    minutes: int, count: int, scanner: Scanner, run_check: RunCheck
) -> None:
    scanner.scan(_at(minutes), received=_at(0))

    assert len(_of(run_check("device_clocks", [DAY])[DAY], scanner)) == count


def test_a_device_in_a_wrong_time_zone_is_named(scanner: Scanner, run_check: RunCheck) -> None:
    for minute in range(5):
        scanner.scan(_at(minute), received=_at(minute + 120.5))

    [found] = _of(run_check("device_clocks", [DAY])[DAY], scanner)

    assert "its clock is behind" in found.message
    assert found.found == 5


@pytest.mark.parametrize(("scan_count", "found_count"), [(9, 0), (10, 1)])
def test_a_clock_some_minutes_behind_is_named_if_no_scan_of_many_was_faster(
    scan_count: int, found_count: int, scanner: Scanner, run_check: RunCheck
) -> None:
    for minute in range(scan_count):
        scanner.scan(_at(minute), received=_at(minute + 20))

    found = _of(run_check("device_clocks", [DAY])[DAY], scanner)

    assert len(found) == found_count
    assert all("its clock is behind" in each.message for each in found)


def test_a_day_behind_offline_is_named_and_the_day_of_a_moved_event_is_not(
    books: Connection[TupleRow], scanner: Scanner, run_check: RunCheck
) -> None:
    made = _at(-24 * 60)
    day = scanner.scan(made, received=_at(0), is_offline=True)
    assert len(_of(run_check("device_clocks", [day])[day], scanner)) == 1

    books.execute(
        "update landing.ticketing_events set rescheduled_from = %s where id = %s",
        [made, scanner.event],
    )

    assert not _of(run_check("device_clocks", [day])[day], scanner)


def test_a_thousand_wrong_clocks_are_one_line_of_the_event(
    books: Connection[TupleRow], scanner: Scanner, run_check: RunCheck
) -> None:
    made = datetime(2000, 1, 1, 12, tzinfo=UTC)
    for number in range(1_000):
        other = Scanner(books=books, event=scanner.event)
        other.scan(made + timedelta(days=number), received=_at(0))

    [found] = _of(run_check("device_clocks", [DAY])[DAY], scanner)

    assert found.found == 1_000
    assert "dated scans to 2000-01-01 to 2002-09-26" in found.message
    assert "devices: 1000" in found.message


# device_counters


def test_a_counter_that_begins_again_on_a_later_day_is_named(
    scanner: Scanner, run_check: RunCheck
) -> None:
    scanner.number = 500
    for minute in range(5):
        scanner.scan(_at(minute - 24 * 60))
    scanner.number = 0
    for minute in range(20):
        scanner.scan(_at(minute))

    [found] = _of(run_check("device_counters", [DAY])[DAY], scanner)

    assert (found.severity, found.ids) == (Severity.WARN, scanner.ids)
    assert (found.expected, found.found) == (0, 20)
    assert "numbers up to 505 were used before: its counter has begun again" in found.message
    assert "numbers 1 to 20" in found.message


def test_a_counter_that_begins_again_during_a_day_is_named(
    scanner: Scanner, run_check: RunCheck
) -> None:
    for minute in range(20):
        scanner.scan(_at(minute))
    scanner.number = 0
    for minute in range(20, 30):
        scanner.scan(_at(minute))

    [found] = _of(run_check("device_counters", [DAY])[DAY], scanner)

    assert found.found == 10


def test_a_counter_that_leaps_is_named(scanner: Scanner, run_check: RunCheck) -> None:
    scanner.scan(_at(0))
    scanner.scan(_at(1), number=9_000_000_000)

    [found] = _of(run_check("device_counters", [DAY])[DAY], scanner)

    assert found.found == 1
    assert "its counter leaps by more than 10000, numbers 9000000000" in found.message


def test_a_clock_that_goes_back_while_the_counter_goes_on_is_named(
    scanner: Scanner, run_check: RunCheck
) -> None:
    scanner.scan(_at(60), received=_at(59))
    scanner.scan(_at(0), received=_at(60))

    [found] = _of(run_check("device_counters", [DAY])[DAY], scanner)

    assert "its clock goes back while its counter goes on, numbers 2 to 2" in found.message


def test_a_wrong_clock_is_no_new_counter(scanner: Scanner, run_check: RunCheck) -> None:
    for minute in range(5):
        scanner.scan(_at(minute))
    behind = scanner.scan(datetime(2000, 1, 1, 12, tzinfo=UTC), received=_at(9))
    scanner.scan(datetime(2000, 1, 1, 12, 1, tzinfo=UTC), received=_at(10))
    ahead = scanner.scan(datetime(2063, 1, 1, 12, tzinfo=UTC), received=_at(20))
    scanner.scan(datetime(2063, 1, 1, 12, 1, tzinfo=UTC), received=_at(21))
    for minute in range(30, 35):
        scanner.scan(_at(minute))

    found = run_check("device_counters", [behind, DAY, ahead])

    assert not [each for of_day in found.values() for each in _of(of_day, scanner)]


# device_places and device_uploads


def test_a_device_at_two_events_at_once_is_named_at_both(
    books: Connection[TupleRow],
    add_event: Callable[..., UUID],
    scanner: Scanner,
    run_check: RunCheck,
) -> None:
    [(other_organization,)] = books.execute(
        "select max(id::text)::uuid from landing.ticketing_organizations"
    ).fetchall()
    other = Scanner(
        books=books, event=add_event(organization_id=other_organization), device=scanner.device
    )
    for minute in range(6):
        here = scanner if minute % 2 == 0 else other
        here.scan(_at(minute), number=minute + 1)

    found = run_check("device_places", [DAY])[DAY]

    [of_one], [of_other] = _of(found, scanner), _of(found, other)
    assert (of_one.ids, of_one.found) == (scanner.ids, 2)
    assert (of_other.ids, of_other.found) == (other.ids, 3)
    assert of_other.organization_id == other_organization
    assert "scans at an event of another organisation at the same time" in of_other.message
    assert str(scanner.event) not in of_other.message


@pytest.mark.parametrize("is_common_entrance", [True, False])
def test_a_device_at_a_common_entrance_or_carried_elsewhere_is_not_named(
    is_common_entrance: bool,
    books: Connection[TupleRow],
    add_event: Callable[..., UUID],
    run_check: RunCheck,
) -> None:
    venue = uuid4() if is_common_entrance else None
    one = Scanner(books=books, event=add_event(venue_id=venue))
    other = Scanner(books=books, event=add_event(venue_id=venue), device=one.device)
    for minute in range(6):
        is_at_other = minute % 2 == 1 if is_common_entrance else minute > 3
        (other if is_at_other else one).scan(_at(minute), number=minute + 1)

    assert not run_check("device_places", [DAY])[DAY]


@pytest.mark.parametrize("differs", ["event", "ticket"])
def test_uploads_of_one_scan_that_differ_are_named(
    differs: str,
    books: Connection[TupleRow],
    add_event: Callable[..., UUID],
    scanner: Scanner,
    run_check: RunCheck,
) -> None:
    ticket = uuid4()
    scanner.scan(_at(0), ticket=ticket)
    copy = Scanner(
        books=books,
        event=add_event() if differs == "event" else scanner.event,
        gate=scanner.gate,
        device=scanner.device,
    )
    copy.scan(_at(0), ticket=ticket if differs == "event" else uuid4(), received=_at(1))

    found = run_check("device_uploads", [DAY])[DAY]

    assert {each.severity for each in found} == {Severity.WARN}
    assert sum(each.found or 0 for each in found) == 2
    assert [each.ids for each in _of(found, copy)] == [copy.ids]


def test_all_of_these_checks_are_of_attendance() -> None:
    tables = {each.report_table for each in CHECKS if each.name in DEVICE_CHECKS}

    assert tables == {"report_attendance_daily"}
