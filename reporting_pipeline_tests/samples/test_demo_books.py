"""The books of the demo: how far they are moved, and the order whose charge comes late."""

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.demo_books import (
    PLANTED_ORDER,
    DemoBooks,
    Weeks,
    weeks_for,
    write_demo_books,
)
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import BREAKS

SEASON_LAST_DAY = date(2025, 10, 28)


def test_on_every_day_the_organisation_has_ended_within_a_week_and_the_season_at_its_nights() -> (
    None
):
    for number in range(6 * 365):
        today = date(2025, 11, 1) + timedelta(days=number)

        weeks = weeks_for(today, lambda _: None)

        assert 1 <= (today - weeks.last_day).days <= 7
        assert SEASON_LAST_DAY + timedelta(weeks=weeks.season) < today
        assert today - SEASON_LAST_DAY - timedelta(weeks=weeks.season) <= timedelta(days=380)
        assert hours(date(2025, 10, 26) + timedelta(weeks=weeks.season), "Europe/Berlin") == 25
        assert hours(date(2025, 3, 9) + timedelta(weeks=weeks.season), "America/New_York") == 23


def hours(day: date, zone: str) -> float:
    begin, end = (
        datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(zone)).timestamp()
        for each in (day, day + timedelta(days=1))
    )
    return (end - begin) / 3600


def test_rows_that_are_loaded_already_stay_on_their_days(tmp_path: Path) -> None:
    loaded = Weeks(season=52, organizer=56)
    books = write_demo_books(tmp_path / "books", loaded)
    starts = {
        row["id"]: datetime.fromisoformat(row["starts_at"])
        for dump in (books.season, books.organizer)
        for row in rows(dump / "ticketing.events.csv")
    }

    assert weeks_for(date(2028, 6, 1), starts.get) == loaded


def test_the_ledger_rows_of_one_order_are_kept_apart(organizer_dump: Path, tmp_path: Path) -> None:
    books = write_demo_books(tmp_path / "books", Weeks(season=0, organizer=0))

    late = rows(books.late / "ledger.transactions.csv")
    assert {row["order_id"] for row in late} == {PLANTED_ORDER}
    assert {each.name for each in books.late.iterdir()} == {
        "ledger.transactions.csv",
        "ledger.entries.csv",
    }
    for table in ("ledger.transactions", "ledger.entries"):
        name = f"{table}.csv"
        assert ids(organizer_dump / name) == ids(books.organizer / name) | ids(books.late / name)
        assert not ids(books.organizer / name) & ids(books.late / name)


def test_the_order_is_the_only_break_on_the_last_day_until_its_rows_come(tmp_path: Path) -> None:
    weeks = Weeks(season=52, organizer=56)
    books = write_demo_books(tmp_path / "books", weeks)

    [found] = expected_tables(Books.from_dump(books.organizer))[BREAKS].values()

    assert found["kind"] == "missing_in_ledger"
    assert found["order_id"] == PLANTED_ORDER
    assert found["date"] == weeks.last_day
    assert (found["ticketing_minor"], found["ledger_minor"]) == (47689, 0)
    assert not expected_tables(Books.from_dump(complete(books)))[BREAKS]


def complete(books: DemoBooks) -> Path:
    """The organisation's dump with the late rows at the end of each file."""
    for path in books.late.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
        with (books.organizer / path.name).open("a", encoding="utf-8") as file:
            file.writelines(lines)
    return books.organizer


def ids(path: Path) -> set[str]:
    return {row["id"] for row in rows(path)}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
