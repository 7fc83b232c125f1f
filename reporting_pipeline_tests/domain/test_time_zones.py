"""A zone of offsets has the wall clock of the zone that the offsets come from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_pipeline.domain.time_zones import OffsetZone

FIRST, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
INSTANTS = st.datetimes(
    FIRST.replace(tzinfo=None), END.replace(tzinfo=None), timezones=st.just(UTC)
)


def offset_zone(name: str) -> OffsetZone:
    """The offsets of a zone, found quarter of an hour by quarter of an hour."""
    zone = ZoneInfo(name)
    offsets: list[tuple[datetime | None, timedelta]] = []
    instant = FIRST
    while instant < END:
        offset = instant.astimezone(zone).utcoffset() or timedelta(0)
        if not offsets or offsets[-1][1] != offset:
            offsets.append((instant if offsets else None, offset))
        instant += timedelta(minutes=15)
    return OffsetZone(name, offsets)


@pytest.mark.parametrize("name", ZONES)
def test_the_clock_is_the_same_on_both_sides_of_each_change(name: str) -> None:
    zone, expected = offset_zone(name), ZoneInfo(name)
    for month in range(24):
        middle = FIRST + timedelta(days=30.4 * month)
        for minutes in range(0, 31 * 24 * 60, 30):
            _require_same(middle + timedelta(minutes=minutes), zone, expected)


@settings(deadline=None, max_examples=200)
@given(instant=INSTANTS, name=st.sampled_from(ZONES))
def test_any_instant_has_the_same_wall_clock_time(instant: datetime, name: str) -> None:
    _require_same(instant, _ZONES_BY_NAME[name], ZoneInfo(name))


def test_a_zone_of_one_offset_never_changes() -> None:
    zone = OffsetZone("Asia/Tokyo", [(None, timedelta(hours=9))])

    assert FIRST.astimezone(zone).isoformat() == "2025-01-01T09:00:00+09:00"
    assert zone.tzname(None) == "Asia/Tokyo"
    assert zone.utcoffset(None) == timedelta(hours=9)


def _require_same(instant: datetime, zone: OffsetZone, expected: ZoneInfo) -> None:
    wall, known = instant.astimezone(zone), instant.astimezone(expected)
    assert (wall.isoformat(), wall.fold) == (known.isoformat(), known.fold)
    for fold in (0, 1):
        there = known.replace(fold=fold)
        assert wall.replace(fold=fold).utcoffset() == there.utcoffset()
        again = wall.replace(fold=fold).astimezone(UTC)
        assert again == there.astimezone(UTC)


_ZONES_BY_NAME = {name: offset_zone(name) for name in ZONES}
