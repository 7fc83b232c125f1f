"""Every dated row gets the day of its clock, zone and cutoff, and is in the day's partition."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    GATE,
    NEW_YORK,
    ORDER,
    ORGANIZATION,
    add,
    change,
    query,
)

LATER = datetime(2026, 1, 1, tzinfo=UTC)
MOVEMENTS = "ticketing.order_line_movements"
UNKNOWN_EVENT = "00000002-0000-4000-8000-00000000ffff"
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def day_of(pipeline: Pipeline, name: str, row_id: str) -> date | None:
    """The report day of a landed row."""
    statement = f"select report_day from landing.{name} where id = %s"  # noqa: S608
    [found] = query(pipeline.warehouse, statement, row_id)
    day: date | None = found[0]
    return day


def partition_of(pipeline: Pipeline, name: str, row_id: str) -> str:
    """The partition of a landed row."""
    statement = f"select tableoid::regclass::text from landing.{name} where id = %s"  # noqa: S608
    [(partition,)] = query(pipeline.warehouse, statement, row_id)
    return str(partition).removeprefix("landing.")


@pytest.mark.parametrize(
    ("zone", "first", "cutoff"),
    [
        ("Pacific/Apia", "2011-12-30T10:00Z", time(0)),  # the next day was skipped
        ("Europe/Berlin", "2025-10-25T22:00Z", time(6, 30)),  # 25 hours
        ("America/New_York", "2025-03-09T05:00Z", time(2, 30)),  # 23 hours
        (
            "America/St_Johns",
            "2010-11-07T02:30Z",
            time(0),
        ),  # the clock goes back from 00:01 to 23:01
        ("Asia/Kathmandu", "2024-03-09T18:15Z", time(5)),
    ],
)
def test_days_around_clock_changes_are_those_of_the_time_zone_database(
    landed: Pipeline, zone: str, first: str, cutoff: time
) -> None:
    change(
        landed.sources,
        "ticketing.events",
        BERLIN,
        timezone=zone,
        day_cutoff=cutoff,
        updated_at=LATER,
    )
    middle = datetime.fromisoformat(first)
    hours, seconds = range(-26, 27, 4), (-1, 0, 61)
    instants = [middle + timedelta(hours=h, seconds=s) for h, s in product(hours, seconds)]
    rows = {
        add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at=instant): instant
        for instant in instants
    }

    landed.land()

    statement = "select id::text, report_day from landing.ticketing_order_line_movements"
    found = dict(query(landed.warehouse, statement))
    assert {row: found[row] for row in rows} == {
        row: _local_day(instant, zone, cutoff) for row, instant in rows.items()
    }


def test_a_new_zone_moves_all_rows_of_the_event_to_their_new_days_and_partitions(
    landed: Pipeline,
) -> None:
    movement = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-11-30T22:30:00Z")
    scan = add(
        landed.sources,
        "scanning.scans",
        event_id=BERLIN,
        gate_id=GATE,
        scanned_at="2025-11-30T22:30:00Z",
    )
    transaction = add(
        landed.sources,
        "ledger.transactions",
        event_id=BERLIN,
        effective_at="2025-11-30T22:30:00Z",
    )
    entry = add(landed.sources, "ledger.entries", transaction_id=transaction)
    seats = add(
        landed.sources,
        "seating.inventory_movements",
        event_id=BERLIN,
        occurred_at="2025-11-30T22:30:00Z",
    )
    rows = {
        "ticketing_order_line_movements": movement,
        "scanning_scans": scan,
        "ledger_transactions": transaction,
        "ledger_entries": entry,
        "seating_inventory_movements": seats,
    }
    landed.land()
    assert {day_of(landed, *row) for row in rows.items()} == {date(2025, 11, 30)}

    change(landed.sources, "ticketing.events", BERLIN, timezone="Europe/Helsinki", updated_at=LATER)
    landed.land()

    assert {day_of(landed, *row) for row in rows.items()} == {date(2025, 12, 1)}
    assert {partition_of(landed, *row) for row in rows.items()} == {
        f"{name}_2025_12" for name in rows
    }


def test_a_new_cutoff_moves_the_hours_before_it_to_the_previous_day(landed: Pipeline) -> None:
    # In Berlin 05:59 and 06:00, summer time.
    before = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-09-01T03:59:00Z")
    after = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-09-01T04:00:00Z")
    landed.land()

    change(landed.sources, "ticketing.events", BERLIN, day_cutoff=time(6), updated_at=LATER)
    landed.land()

    name = "ticketing_order_line_movements"
    assert day_of(landed, name, before) == date(2025, 8, 31)
    assert day_of(landed, name, after) == date(2025, 9, 1)


def test_an_order_that_changes_its_event_moves_its_movements_to_the_new_events_days(
    landed: Pipeline,
) -> None:
    # In Berlin the next day has begun, in New York it has not.
    movement = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at="2025-09-01T23:00:00Z")
    landed.land()
    name = "ticketing_order_line_movements"
    assert day_of(landed, name, movement) == date(2025, 9, 2)

    change(landed.sources, "ticketing.orders", ORDER, event_id=NEW_YORK, updated_at=LATER)
    landed.land()

    assert day_of(landed, name, movement) == date(2025, 9, 1)


def test_scans_and_seats_of_an_unknown_event_are_held_back_until_the_event_lands(
    landed: Pipeline,
) -> None:
    event = {"event_id": UNKNOWN_EVENT}
    rows = {
        "scanning_scans": add(
            landed.sources, "scanning.scans", **event, gate_id=GATE, scanned_at=NOON
        ),
        "seating_inventory_movements": add(
            landed.sources, "seating.inventory_movements", **event, occurred_at=NOON
        ),
    }
    landed.land()
    assert {day_of(landed, *row) for row in rows.items()} == {None}
    assert {partition_of(landed, *row) for row in rows.items()} == {
        f"{name}_held_back" for name in rows
    }

    add(landed.sources, "ticketing.events", id=UNKNOWN_EVENT, timezone="Pacific/Kiritimati")
    landed.land()

    assert {day_of(landed, *row) for row in rows.items()} == {date(2025, 3, 4)}
    assert {partition_of(landed, *row) for row in rows.items()} == {
        f"{name}_2025_03" for name in rows
    }


def test_a_transaction_uses_its_organizations_zone_until_its_event_lands(
    landed: Pipeline,
) -> None:
    # 23:30 on 3 March in Berlin; the event's zone is further east.
    transaction = add(
        landed.sources,
        "ledger.transactions",
        organization_id=ORGANIZATION,
        event_id=UNKNOWN_EVENT,
        effective_at="2025-03-03T22:30:00Z",
    )
    entry = add(landed.sources, "ledger.entries", transaction_id=transaction)
    landed.land()
    assert day_of(landed, "ledger_transactions", transaction) == date(2025, 3, 3)

    add(landed.sources, "ticketing.events", id=UNKNOWN_EVENT, timezone="Europe/Helsinki")
    landed.land()

    assert day_of(landed, "ledger_transactions", transaction) == date(2025, 3, 4)
    assert day_of(landed, "ledger_entries", entry) == date(2025, 3, 4)


def test_a_transaction_of_an_unknown_organization_uses_utc_until_the_organization_lands(
    landed: Pipeline,
) -> None:
    organization = str(uuid4())
    transaction = add(
        landed.sources,
        "ledger.transactions",
        organization_id=organization,
        event_id=None,
        effective_at="2025-03-03T23:30:00Z",
    )
    landed.land()
    assert day_of(landed, "ledger_transactions", transaction) == date(2025, 3, 3)

    add(landed.sources, "ticketing.organizations", id=organization, timezone="Asia/Tokyo")
    landed.land()
    assert day_of(landed, "ledger_transactions", transaction) == date(2025, 3, 4)

    change(
        landed.sources,
        "ticketing.organizations",
        organization,
        timezone="America/Lima",
        updated_at=LATER,
    )
    landed.land()
    assert day_of(landed, "ledger_transactions", transaction) == date(2025, 3, 3)


def test_the_organizations_zone_does_not_date_rows_of_a_known_event(landed: Pipeline) -> None:
    days = "select id, report_day from landing.ledger_transactions order by id"
    before = query(landed.warehouse, days)

    change(
        landed.sources,
        "ticketing.organizations",
        ORGANIZATION,
        timezone="Pacific/Kiritimati",
        updated_at=LATER,
    )
    result = landed.land()

    assert result.touched_day_count == 0
    assert query(landed.warehouse, days) == before


@pytest.mark.parametrize(
    ("instant", "partition"),
    [
        ("1066-10-14T12:00:00Z", "ticketing_order_line_movements_1066_10"),
        ("1969-12-31T23:30:00Z", "ticketing_order_line_movements_1970_01"),
        ("2199-12-31T22:00:00Z", "ticketing_order_line_movements_2199_12"),
        ("9998-12-30T12:00:00Z", "ticketing_order_line_movements_9998_12"),
    ],
)
def test_a_day_in_the_far_past_or_future_creates_its_partition(
    landed: Pipeline, instant: str, partition: str
) -> None:
    movement = add(landed.sources, MOVEMENTS, order_id=ORDER, occurred_at=instant)

    landed.land()

    assert partition_of(landed, "ticketing_order_line_movements", movement) == partition


def _local_day(instant: datetime, zone: str, cutoff: time) -> date:
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (wall - timedelta(hours=cutoff.hour, minutes=cutoff.minute)).date()
