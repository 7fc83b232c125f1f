"""Changes to the members of an XLSX file, which is a zip archive."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

Edit = Callable[[bytes], bytes]
DATA = "xl/worksheets/sheet1.xml"


def edited(path: Path, member: str, edit: Edit) -> None:
    """Change one member of the archive, and write the file again."""
    parts = _parts(path)
    changed = edit(parts[member])
    assert changed != parts[member], "the edit changes nothing"
    _write(path, {**parts, member: changed})


def with_part(path: Path, member: str, content: bytes) -> None:
    """Add a member."""
    _write(path, {**_parts(path), member: content})


def replaced(old: str, new: str) -> Edit:
    """Replace the first `old` by `new`."""
    return lambda content: content.replace(old.encode(), new.encode(), 1)


def _parts(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, parts: dict[str, bytes]) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
