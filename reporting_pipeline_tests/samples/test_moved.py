"""Moved dumps: the same rows on later days, whatever the clocks of the zone do."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline.samples.moved import is_clock_change, move_dump, moved
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import ReportTable

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN, SPRING = date(2025, 10, 26), date(2026, 3, 29)


@pytest.mark.parametrize("weeks", [-60, -1, 0, 1, 22, 30, 52, 56, 104])
@pytest.mark.parametrize("clock", ["00:00:00", "04:00:00", "06:00:00", "19:30:00", "23:59:59"])
def test_an_instant_keeps_its_weekday_and_its_time_by_the_clock(weeks: int, clock: str) -> None:
    for day in range(14):
        local = datetime.fromisoformat(f"2025-08-{11 + day}T{clock}").replace(tzinfo=BERLIN)

        found = moved(local, weeks, BERLIN).astimezone(BERLIN)

        expected = local.date() + timedelta(weeks=weeks)
        assert (found.date(), found.time()) == (expected, local.time())


@pytest.mark.parametrize(
    ("day", "weeks"),
    [
        pytest.param(AUTUMN, 1, id="from the night of 25 hours"),
        pytest.param(AUTUMN - timedelta(weeks=1), 1, id="to the night of 25 hours"),
        pytest.param(SPRING, 1, id="from the night of 23 hours"),
        pytest.param(SPRING - timedelta(weeks=1), 1, id="to the night of 23 hours"),
        pytest.param(AUTUMN, 22, id="from the longest to the shortest night"),
    ],
)
def test_instants_of_a_night_of_another_length_keep_their_order_and_their_day(
    day: date, weeks: int
) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    instants = [begin + timedelta(minutes=minute) for minute in range(22 * 60)]

    found = [moved(each, weeks, BERLIN) for each in instants]

    assert found == sorted(set(found))
    assert {each.astimezone(BERLIN).date() for each in found} == {day + timedelta(weeks=weeks)}


def test_the_days_on_which_clocks_change_are_found() -> None:
    days = [date(2026, 1, 1) + timedelta(days=each) for each in range(365)]

    found = [day for day in days if is_clock_change(day, BERLIN)]

    assert found == [SPRING, date(2026, 10, 25)]


def test_the_moved_season_gives_the_expected_tables_on_later_days(
    season_dump: Path, tmp_path: Path
) -> None:
    dump = move_dump(SEASON, tmp_path / "moved", weeks=52, zone=ZoneInfo("UTC"))

    found = expected_tables(Books.from_dump(dump))

    before = expected_tables(Books.from_dump(season_dump))
    assert {name: later(table, weeks=0) for name, table in found.items()} == {
        name: later(table, weeks=52) for name, table in before.items()
    }


def test_the_moved_organisation_gives_its_tables_on_later_days(
    organizer_dump: Path, tmp_path: Path
) -> None:
    # From summer to winter: the clocks differ on most days.
    dump = move_dump(organizer_dump, tmp_path / "moved", weeks=70, zone=BERLIN)

    found = expected_tables(Books.from_dump(dump))

    before = expected_tables(Books.from_dump(organizer_dump))
    assert {name: later(table, weeks=0) for name, table in found.items()} == {
        name: later(table, weeks=70) for name, table in before.items()
    }


def test_equal_weeks_give_the_same_bytes(organizer_dump: Path, tmp_path: Path) -> None:
    dumps = [
        move_dump(organizer_dump, tmp_path / name, weeks=56, zone=BERLIN) for name in ("a", "b")
    ]

    first, second = ({each.name: each.read_bytes() for each in dump.iterdir()} for dump in dumps)
    assert first == second


def test_dates_in_texts_move_too(organizer_dump: Path, tmp_path: Path) -> None:
    dump = move_dump(organizer_dump, tmp_path / "moved", weeks=56, zone=BERLIN)

    names = {row["name"] for row in rows(dump / "ticketing.events.csv")}
    payouts = [
        row for row in rows(dump / "ledger.transactions.csv") if row["reference"].startswith("PO-")
    ]
    assert "Seewiesen Open Air 2026" in names
    assert payouts
    assert {row["reference"][3:11] for row in payouts} == {
        f"{datetime.fromisoformat(row['effective_at']):%Y%m%d}" for row in payouts
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def later(table: ReportTable, *, weeks: int) -> set[tuple[object, ...]]:
    """The rows of a table, with each date moved; instants are left out."""
    return {
        tuple(
            value + timedelta(weeks=weeks) if type(value) is date else value
            for value in row.values()
            if not isinstance(value, datetime)
        )
        for row in table.values()
    }
