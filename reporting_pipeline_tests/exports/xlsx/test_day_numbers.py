"""Day numbers: every instant and date comes back exactly, or has no number and becomes text."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_pipeline.exports.xlsx.day_numbers import WallClock, date_numbers, date_of

ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca")
FIRST, LAST = map(datetime.fromisoformat, ("1973-01-03", "2079-06-03"))
INSTANTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def converted_back(instants: list[datetime], zone: str) -> list[datetime | None]:
    clock = WallClock(ZoneInfo(zone))
    wall = clock.wall_times(pa.array(instants, pa.timestamp("us", "UTC")))
    return [
        None
        if number is None
        else clock.instant(number, None if offset is None else timedelta(microseconds=offset))
        for number, offset in zip(wall.numbers.to_pylist(), wall.offsets.to_pylist(), strict=True)
    ]


@settings(deadline=None, max_examples=200)
@given(st.lists(INSTANTS, max_size=5), st.sampled_from(ZONES))
def test_every_instant_comes_back_to_the_microsecond(instants: list[datetime], zone: str) -> None:
    assert converted_back(instants, zone) == instants


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24, 23, 58, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 13, 58, tzinfo=UTC)),  # half an hour back
        ("America/St_Johns", datetime(1990, 10, 28, 1, 0, tzinfo=UTC)),  # at a minute past
        ("Africa/Casablanca", datetime(2026, 2, 15, 0, 58, tzinfo=UTC)),
    ],
)
def test_every_minute_of_the_night_the_clock_goes_back_comes_back(
    zone: str, first: datetime
) -> None:
    night = [first + timedelta(minutes=minute) for minute in range(240)]
    assert converted_back(night, zone) == night


def test_instants_that_a_double_cannot_distinguish_have_no_number() -> None:
    outside = [datetime(1972, 12, 31, tzinfo=UTC), datetime(2079, 6, 5, tzinfo=UTC)]
    assert converted_back(outside, "Europe/Berlin") == [None, None]


def test_dates_come_back_and_dates_that_excel_miscounts_have_no_number() -> None:
    days = [date(1900, 3, 1), date(2026, 2, 28), date(9999, 12, 31)]
    numbers = date_numbers(pa.array([*days, date(1900, 2, 28), None], pa.date32())).to_pylist()
    assert [date_of(number) for number in numbers[:3]] == days
    assert numbers[0] == 61
    assert numbers[3:] == [None, None]
