"""The versions of everything outside a report that can change the bytes of its file.

    rendering   our own writers
    time zones  those of the database, which computes report days and local times
    tables      ISO 4217 and CLDR, in files for people; the bundled fonts
    libraries   that write the format, and the system's libraries that set pages

They are in the manifest beside a file (`Manifest.made_with`) and never inside one: a version alone
changes no file. `reporting verify` names those that differ here.
"""

import zlib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from reporting_pipeline.domain.currencies import ISO_4217_DATE
from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import Format

RENDERING_VERSION = 2
"""The version of our own writers: raise it when the same rows give other bytes."""

_MISSING = object()


def made_with(format_: Format, *, database: str, is_archive: bool = False) -> dict[str, str]:
    """The versions by name, in a fixed order.

    Args:
        format_: The format of the file.
        database: The name and version of the database.
        is_archive: Whether the files of several blocks are in one ZIP archive.
    """
    return {
        "rendering": str(RENDERING_VERSION),
        "time zones": database,
        **(_tables() if format_.formats_values else {}),
        **{name: _library_version(name) for name in format_.libraries},
        **format_.machine_versions(),
        **({"zlib": zlib.ZLIB_RUNTIME_VERSION} if is_archive else {}),
    }


def differing_versions(former: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The names whose versions differ, with both: `CLDR 45 -> 46`."""
    return [
        f"{name} {former.get(name, 'none')} -> {new.get(name, 'none')}"
        for name in dict.fromkeys((*former, *new))
        if former.get(name) != new.get(name)
    ]


def shows_the_same(former: Path, new: Path, format_: Format, *, is_archive: bool) -> bool:
    """True if two files of a report with equal manifests show the same (`Format.shown`).

    Files of blocks in an archive are compared one by one. A file that cannot be read shows
    something else.
    """
    if not is_archive:
        return _show_the_same(former, new, format_)
    try:
        with (
            ZipFile(former) as one,
            ZipFile(new) as other,
            TemporaryDirectory(prefix="reporting-shown-") as folder,
        ):
            names = one.namelist()
            return names == other.namelist() and all(
                _show_the_same(
                    Path(one.extract(name, Path(folder) / "former")),
                    Path(other.extract(name, Path(folder) / "new")),
                    format_,
                )
                for name in names
            )
    except (BadZipFile, OSError):
        return False


def _show_the_same(former: Path, new: Path, format_: Format) -> bool:
    pairs = zip_longest(format_.shown(former), format_.shown(new), fillvalue=_MISSING)
    try:
        return all(before == after for before, after in pairs)
    except FileUnreadable:
        return False


@cache
def _library_version(name: str) -> str:
    return version(name)


def _tables() -> dict[str, str]:
    from babel.core import get_cldr_version

    cldr = f"{get_cldr_version()} (Babel {_library_version('babel')})"
    return {"ISO 4217": ISO_4217_DATE, "CLDR": cldr}
