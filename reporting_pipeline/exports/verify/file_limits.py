"""The limits of a file to verify: it comes from outside, and may be made to exhaust its reader.

A small archive can expand to terabytes, and a file can be one line of 2 GB. Both are refused before
they are read; the largest report that this pipeline writes is far below these limits.
"""

from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from reporting_pipeline.errors import FileUnreadable

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
"""The longest line of a CSV or JSON Lines file."""

MAX_EXPANSION: Final = 300
"""An archive, also an XLSX file, may expand to so many times its size, and always to 1 GB."""

MAX_MEMBERS: Final = 1_000
"""The most files in an archive."""

MAX_PAGES: Final = 50_000
"""The most pages of a PDF file."""

_EXPANDED_BYTES = 1_000_000_000
_OF_ARCHIVES = b"PK"
_OF_PDF = b"%PDF"


def require_within_limits(path: Path, byte_count: int, longest_line: int) -> None:
    """Refuse a file that would exhaust memory, disk or patience.

    Args:
        path: The file.
        byte_count: Its size.
        longest_line: The bytes of its longest line.

    Raises:
        FileUnreadable: A limit is exceeded; the message says which.
    """
    with path.open("rb") as file:
        begin = file.read(len(_OF_PDF))
    if begin.startswith(_OF_ARCHIVES):
        _require_small_archive(path, byte_count)
    elif begin == _OF_PDF:
        _require_few_pages(path)
    elif longest_line > MAX_LINE_BYTES and path.suffix.lower() in {".csv", ".jsonl"}:
        message = f"{path.name} has a line of {longest_line} bytes; reports have shorter ones, "
        raise FileUnreadable(f"{message}at most {MAX_LINE_BYTES} are read")


def _require_small_archive(path: Path, byte_count: int) -> None:
    try:
        with ZipFile(path) as archive:
            sizes = [each.file_size for each in archive.infolist()]
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        return  # its reader says how it is damaged
    most = max(_EXPANDED_BYTES, MAX_EXPANSION * byte_count)
    if len(sizes) > MAX_MEMBERS or sum(sizes) > most:
        message = (
            f"{path.name} has {len(sizes)} files that expand to {sum(sizes)} bytes; at most "
            f"{MAX_MEMBERS} files and {most} bytes are read: it is no report"
        )
        raise FileUnreadable(message)


def _require_few_pages(path: Path) -> None:
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            count = len(pdf.pages)
    except (pikepdf.PdfError, ValueError, RecursionError):
        return  # its reader says how it is damaged
    if count > MAX_PAGES:
        message = f"{path.name} has {count} pages; at most {MAX_PAGES} are read: it is no report"
        raise FileUnreadable(message)
