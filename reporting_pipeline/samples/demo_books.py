"""The books of the demo: the bundled rows moved to the present, and one order without a charge.

Lindenhof Konzerte moves by whole weeks, so that its last day is one of the last seven days. The
season moves to the newest autumn that is over: there, both of its nights are still nights when the
clocks change (docs/adr/0046-the-demo-moves-its-books.md). The ledger rows of the last order of
Lindenhof Konzerte are kept apart; loading them later closes the break.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator import generate_dump
from reporting_pipeline.samples.moved import is_clock_change, move_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline.samples.season import SEASON

PLANTED_ORDER = "fc56728f-3cbb-4da3-8f8d-b4ad41b0cdda"
"""The order of Lindenhof Konzerte whose ledger rows are kept apart: EUR 476.89 on its last day."""

_LAST_DAY = date(2025, 10, 28)
_WEEKS_OF_TWO_YEARS = 105
_ORGANIZER_ZONE = ZoneInfo("Europe/Berlin")
_NIGHTS = (
    (date(2025, 10, 26), ZoneInfo("Europe/Berlin")),
    (date(2025, 3, 9), ZoneInfo("America/New_York")),
)
# An event of each set, and when it starts as bundled.
_SEASON_EVENT = (
    "00000002-0000-4000-8000-000000000001",
    datetime(2025, 10, 25, 20, tzinfo=UTC),
)
_ORGANIZER_EVENT = (
    "23aa54dc-a811-4676-b84d-f8ca7c7b5d20",
    datetime(2025, 8, 2, 18, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """By how many weeks each set is moved; the bundled rows are of 2025."""

    season: int
    organizer: int

    @property
    def last_day(self) -> date:
        """The last report day of Lindenhof Konzerte."""
        return _LAST_DAY + timedelta(weeks=self.organizer)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBooks:
    """The folders of three dumps; `late` has the ledger rows of PLANTED_ORDER."""

    season: Path
    organizer: Path
    late: Path


def weeks_for(today: date, start_of: Callable[[str], datetime | None]) -> Weeks:
    """The weeks of a new demo, or of the one whose rows are loaded already.

    Args:
        today: All days of the demo are before it.
        start_of: The start of an event by its id in the sources; None if it is not there.
    """
    most = (today - timedelta(days=1) - _LAST_DAY).days // 7
    newest = range(most, most - _WEEKS_OF_TWO_YEARS, -1)
    of_season = _loaded(start_of, *_SEASON_EVENT)
    of_organizer = _loaded(start_of, *_ORGANIZER_EVENT)
    return Weeks(
        season=next(filter(_keeps_nights, newest)) if of_season is None else of_season,
        organizer=most if of_organizer is None else of_organizer,
    )


def write_demo_books(folder: Path, weeks: Weeks) -> DemoBooks:
    """Write the dumps into a new folder; equal weeks give the same bytes."""
    bundled = generate_dump(ORGANIZER, folder / "bundled")
    organizer = folder / "organizer"
    books = DemoBooks(
        season=move_dump(SEASON, folder / "season", weeks=weeks.season, zone=ZoneInfo("UTC")),
        organizer=move_dump(bundled, organizer, weeks=weeks.organizer, zone=_ORGANIZER_ZONE),
        late=folder / "late",
    )
    _keep_apart(books.organizer, books.late, PLANTED_ORDER)
    return books


def _loaded(
    start_of: Callable[[str], datetime | None], event_id: str, bundled: datetime
) -> int | None:
    starts_at = start_of(event_id)
    return None if starts_at is None else round((starts_at - bundled) / timedelta(weeks=1))


def _keeps_nights(weeks: int) -> bool:
    return all(is_clock_change(day + timedelta(weeks=weeks), zone) for day, zone in _NIGHTS)


def _keep_apart(dump: Path, late: Path, order_id: str) -> None:
    """Move the ledger rows of an order into a dump of their own."""
    late.mkdir()
    transactions = _split(
        dump, late, "ledger.transactions", lambda row: row["order_id"] == order_id
    )
    ids = {row["id"] for row in transactions}
    _split(dump, late, "ledger.entries", lambda row: row["transaction_id"] in ids)


def _split(
    dump: Path, late: Path, table: str, is_late: Callable[[dict[str, str]], bool]
) -> list[dict[str, str]]:
    """Move rows of a table from one dump to another; returns the moved rows."""
    path = dump / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    later = [row for row in rows if is_late(row)]
    for target, kept in ((path, [row for row in rows if not is_late(row)]), (late, later)):
        place = target / path.name if target is late else target
        with place.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
    return later
