"""Report days, calculated from the local time."""

from datetime import UTC, date, datetime, time, timedelta

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.oracle.draft import ANCHORS, CUTOFFS
from reporting_pipeline_tests.oracle.hand_written import HALL, NOON, HandWritten
from reporting_pipeline_tests.oracle.report_days import (
    is_final_from,
    last_day,
    local_day,
    transaction_day,
)


@pytest.mark.parametrize(
    ("instant", "timezone", "cutoff", "day"),
    [
        # Berlin goes back from 03:00 CEST (UTC+2) to 02:00 CET (UTC+1) on Sunday, 26 October.
        # 05:00 CET of the 26th is 04:00Z: one microsecond earlier it is still the 25th.
        ("2025-10-26T03:59:59.999999Z", "Europe/Berlin", "05:00", "2025-10-25"),
        ("2025-10-26T04:00:00Z", "Europe/Berlin", "05:00", "2025-10-26"),
        # The report day of the 25th thus has 25 hours: it began at 05:00 CEST = 03:00Z.
        ("2025-10-25T03:00:00Z", "Europe/Berlin", "05:00", "2025-10-25"),
        ("2025-10-25T02:59:59Z", "Europe/Berlin", "05:00", "2025-10-24"),
        # New York goes forward from 02:00 EST (UTC-5) to 03:00 EDT (UTC-4): 05:00 EDT = 09:00Z.
        ("2025-03-09T08:59:59Z", "America/New_York", "05:00", "2025-03-08"),
        ("2025-03-09T09:00:00Z", "America/New_York", "05:00", "2025-03-09"),
        # Apia had no 30 December 2011: midnight of the 29th (UTC-10) is 10:00Z.
        ("2011-12-30T09:59:59Z", "Pacific/Apia", "00:00", "2011-12-29"),
        ("2011-12-30T10:00:00Z", "Pacific/Apia", "00:00", "2011-12-31"),
        # With a cutoff of 06:30, the local time 00:00 of the 31st minus 06:30 is 17:30 of the 30th.
        ("2011-12-30T10:00:00Z", "Pacific/Apia", "06:30", "2011-12-30"),
        # Kathmandu is UTC+5:45: 06:30 is 00:45Z.
        ("2025-03-03T00:44:59Z", "Asia/Kathmandu", "06:30", "2025-03-02"),
        ("2025-03-03T00:45:00Z", "Asia/Kathmandu", "06:30", "2025-03-03"),
    ],
)
def test_the_day_is_the_local_time_minus_the_cutoff(
    instant: str, timezone: str, cutoff: str, day: str
) -> None:
    found = local_day(datetime.fromisoformat(instant), timezone, time.fromisoformat(cutoff))

    assert found == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("event_id", "organization_id", "day"),
    [
        # 22:30Z of 3 March: New York 17:30 minus the cutoff of 18:00 is 23:30 of the 2nd.
        ("matinee", HALL, date(2025, 3, 2)),
        # No event, or an unknown one: Tokyo 07:30 of the 4th, without a cutoff.
        (None, "tokyo", date(2025, 3, 4)),
        ("unheard of", "tokyo", date(2025, 3, 4)),
        # No known event and organisation: UTC.
        (None, "unheard of", date(2025, 3, 3)),
    ],
)
def test_a_transaction_uses_the_zone_of_its_event_or_its_organization_or_utc(
    event_id: str | None, organization_id: str, day: date
) -> None:
    writing = HandWritten()
    writing.event("matinee", timezone="America/New_York", day_cutoff=time(18))
    writing.add("ticketing.organizations", id="tokyo", timezone="Asia/Tokyo")
    transaction_id = writing.transaction(
        "payout",
        event_id=event_id,
        organization_id=organization_id,
        effective_at=datetime(2025, 3, 3, 22, 30, tzinfo=UTC),
    )
    books = writing.books()

    assert transaction_day(books, books["ledger.transactions"][transaction_id]) == day


def test_an_event_that_ends_before_the_cutoff_ends_on_the_previous_day() -> None:
    writing = HandWritten()
    writing.event("night", day_cutoff=time(6), ends_at=NOON.replace(hour=5))
    event = writing.books()["ticketing.events"]["night"]

    assert last_day(event) == date(2025, 3, 2)
    # 2 March + 30 days: 29 days to the 31st, then one more.
    assert is_final_from(event) == date(2025, 4, 1)


def test_postgresql_gives_the_same_day_around_every_unusual_day(warehouse_url: URL) -> None:
    cases = [
        (datetime.fromisoformat(anchor) + timedelta(minutes=30 * step), timezone, cutoff)
        for timezone, anchor in ANCHORS.items()
        for cutoff in sorted(set(CUTOFFS))
        for step in range(-100, 100)
    ]
    instants, timezones, cutoffs = zip(*cases, strict=True)
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        rows = connection.execute(
            "select ((instant at time zone zone) - cutoff)::date"
            " from unnest(%s::timestamptz[], %s::text[], %s::time[]) with ordinality"
            " as given (instant, zone, cutoff, number) order by number",
            (list(instants), list(timezones), list(cutoffs)),
        ).fetchall()

    found = [local_day(instant, zone, time.fromisoformat(cut)) for instant, zone, cut in cases]
    assert found == [day for (day,) in rows]
