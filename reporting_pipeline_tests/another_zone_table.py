"""Gives Python another table of time zones than the database has, as on an older machine."""

import shutil
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path


@contextmanager
def another_zone_table(folder: Path, **links: str) -> Iterator[None]:
    """Let zones have the rules of others: `another_zone_table(folder, Berlin="Asia/Kolkata")`.

    Args:
        folder: An empty folder for the table.
        links: The city of a zone in Europe, and the zone whose rules it gets.
    """
    table = Path(str(files("tzdata") / "zoneinfo"))
    for city, zone in links.items():
        target = folder / "Europe" / city
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(table / zone, target)
    former = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[folder.absolute(), *former])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(to=former)
        zoneinfo.ZoneInfo.clear_cache()
