"""Moves a dump by whole weeks, so that sample data is recent: same rows, same ids, later days.

An instant keeps its report day and its clock time in the zone of the books. A night when the
clocks change is an hour longer or shorter than others; its instants are spread over the new length,
so that they keep their order.
"""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import TIMESTAMP, Table

from reporting_pipeline.sources.contract import TABLES

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# Clocks change before four in the morning; the rest of each day has twenty hours.
_HOURS_AFTER_NIGHT = 20
# The day in the reference of a payout: PO-20251027-126990.
_DAY_IN_TEXT = re.compile(r"(?<!\d)20\d{6}(?!\d)")


def move_dump(dump: Path, folder: Path, *, weeks: int, zone: ZoneInfo) -> Path:
    """Write the rows of a dump into a new folder, some weeks later (or earlier, if negative).

    Args:
        dump: A folder of `<schema>.<table>.csv`.
        folder: The new folder; equal arguments give the same bytes.
        weeks: The number of weeks.
        zone: The zone in which days and clock times are kept.
    """
    folder.mkdir(parents=True)
    for table in TABLES:
        path = dump / f"{table.key}.csv"
        if path.exists():
            _move_table(table, path, folder / path.name, weeks, zone)
    return folder


def moved(instant: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The instant some weeks later, on the same weekday and at the same time in a zone."""
    day = instant.astimezone(zone).date()
    begin, hours = _begin_and_hours(day, zone)
    new_begin, new_hours = _begin_and_hours(day + timedelta(weeks=weeks), zone)
    since, night, new_night = (
        instant.astimezone(UTC) - begin,
        hours - _HOURS_AFTER_NIGHT,
        new_hours - _HOURS_AFTER_NIGHT,
    )
    if since < night * _HOUR:
        return new_begin + since * new_night // night
    return new_begin + since + (new_hours - hours) * _HOUR


def is_clock_change(day: date, zone: ZoneInfo) -> bool:
    """True if the clocks of a zone change on this day."""
    return _begin_and_hours(day, zone)[1] != _DAY // _HOUR


@cache
def _begin_and_hours(day: date, zone: ZoneInfo) -> tuple[datetime, int]:
    """The first instant of a day in a zone, in UTC, and the number of its hours."""
    begin, end = (
        datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _DAY)
    )
    return begin, (end - begin) // _HOUR


def _move_table(table: Table, path: Path, target: Path, weeks: int, zone: ZoneInfo) -> None:
    with path.open(encoding="utf-8", newline="") as source:
        rows = csv.DictReader(source)
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows.fieldnames or (), lineterminator="\n")
            writer.writeheader()
            writer.writerows(_moved_rows(table, rows, weeks, zone))


def _moved_rows(
    table: Table, rows: Iterator[dict[str, str]], weeks: int, zone: ZoneInfo
) -> Iterator[dict[str, str]]:
    instants = {each.name for each in table.columns if isinstance(each.type, TIMESTAMP)}
    for row in rows:
        former = {
            name: datetime.fromisoformat(value)
            for name, value in row.items()
            if name in instants and value
        }
        new = {name: moved(instant, weeks, zone) for name, instant in former.items()}
        row |= {name: instant.isoformat(" ") for name, instant in new.items()}
        if row.get("reference"):
            row["reference"] = _DAY_IN_TEXT.sub(
                lambda found: _later_day(found[0], weeks), row["reference"]
            )
        if "name" in row and "starts_at" in new:
            # `Seewiesen Open Air 2025` takes place in another year now.
            years = (str(former["starts_at"].year), str(new["starts_at"].year))
            row["name"] = row["name"].replace(*years)
        yield row


def _later_day(written: str, weeks: int) -> str:
    day = datetime.strptime(written, "%Y%m%d").replace(tzinfo=UTC)
    return f"{day + timedelta(weeks=weeks):%Y%m%d}"
