"""The files of a dump: which tables they hold, whether their headers are right, and their lines.

Reading these files needs no database. Whatever breaks the contract is a `Violation`; `refusal`
makes one error of all violations.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import Table
from typing_extensions import override

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.guards.regular_file import open_regular, path_fault
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.contract.columns import is_optional

REPORTED_MAX = 20
# The errors of a truncated or damaged gzip file.
MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest line of a dump; a file without line ends is not read into memory."""

MAX_EXPANSION = 300
"""A packed file is refused when it expands to more than so many times its size, and 1 GB."""

_EXPANDED_BYTES = 1_000_000_000
_CHUNK_BYTES = 1 << 18


class DumpTooLarge(ValueError):
    """A line, or an unpacked file, is larger than any dump needs."""


UNREADABLE = (OSError, EOFError, zlib.error, DumpTooLarge)
# Far longer than any header of the contract, so a file without line ends is not read into memory.
_HEADER_BYTES_MAX = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a dump breaks the contract.

    Attributes:
        table: `<schema>.<table>`, or the name of a file that belongs to no table.
        line: The line of the file on which the row begins (the header is line 1); None if the
            violation concerns the whole file.
        reason: What is wrong, with the value that was found.
    """

    table: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.table if self.line is None else f"{self.table}, line {self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpFile:
    """The file of one table, with the columns in the order of its header."""

    table: Table
    path: Path
    columns: tuple[str, ...] = ()

    def chunks(self) -> Iterator[bytes]:
        """The uncompressed bytes of the file with its header, in chunks."""
        size, byte_count, in_line, line = self.path.stat().st_size, 0, 0, 1
        with self.open() as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                byte_count += len(chunk)
                end = chunk.rfind(b"\n")
                in_line = in_line + len(chunk) if end < 0 else len(chunk) - end - 1
                line += chunk.count(b"\n")
                if in_line > MAX_LINE_BYTES:
                    raise DumpTooLarge(f"line {line} has more than {MAX_LINE_BYTES} bytes")
                if byte_count > max(_EXPANDED_BYTES, MAX_EXPANSION * size):
                    raise DumpTooLarge(f"it expands to more than {MAX_EXPANSION} times its size")
                yield chunk

    def open(self) -> BinaryIO:
        """The uncompressed file, open for reading."""
        if self.path.suffix == ".gz":
            return cast(BinaryIO, _Unpacked(open_regular(self.path)))
        return open_regular(self.path)

    def first_lines(self, records: Iterable[int]) -> dict[int, int]:
        """The line on which each record begins; record 1 is the first after the header."""
        wanted = set(records)
        lines: dict[int, int] = {}
        for record, (first, _) in enumerate(self._spans()):
            if len(lines) == len(wanted):
                break
            if record in wanted:
                lines[record] = first
        return lines

    def first_line_of_record_at(self, line: int) -> int:
        """The first line of the record that contains `line`, or of the last record."""
        begins = 1
        for first, last in self._spans():
            begins = first
            if last >= line:
                break
        return begins

    def end_marker_line(self) -> int | None:
        r"""The first line with `\.` alone, which PostgreSQL before 18 takes for the end."""
        with self.open() as stream:
            for number, line in enumerate(_lines(stream), start=1):
                if line.rstrip(b"\r\n") == b"\\.":
                    return number
        return None

    def _spans(self) -> Iterator[tuple[int, int]]:
        """First and last line of each record, beginning with the header, as COPY counts them."""
        first, last, is_quoted = 1, 0, False
        with self.open() as stream:
            for last, line in enumerate(_lines(stream), start=1):
                # A doubled quote counts twice, so an odd number opens or closes quotes.
                is_quoted ^= line.count(b'"') % 2 == 1
                if not is_quoted:
                    yield first, last
                    first = last + 1
        if is_quoted:
            yield first, last


class _Unpacked(gzip.GzipFile):
    """A packed file that closes the file below it."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    @override
    def close(self) -> None:
        """Close both."""
        super().close()
        self._packed.close()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; one that is too long comes in parts."""
    while line := stream.readline(MAX_LINE_BYTES):
        yield line


def dump_files(directory: Path) -> tuple[list[DumpFile], list[Violation]]:
    """The readable files of a dump, parents before children, and the violations of the others.

    Files whose names do not resemble a table's (such as a README), and other folders, are ignored.

    Raises:
        DumpRefused: The dump is not a folder, or it has no file of a table.
    """
    if not directory.is_dir():
        raise DumpRefused(
            f"the dump {directory} is not a folder: give the folder of its .csv files"
        )
    names = sorted(path.name for path in directory.iterdir())
    files: list[DumpFile] = []
    violations: list[Violation] = []
    for table in TABLES:
        match [directory / name for name in _file_names(table) if name in names]:
            case [path]:
                outcome = _read_header(DumpFile(table=table, path=path))
                if isinstance(outcome, Violation):
                    violations.append(outcome)
                else:
                    files.append(outcome)
            case [plain, packed]:
                reason = f"there are both {plain.name} and {packed.name}: keep one"
                violations.append(Violation(table=table.key, line=None, reason=reason))
    files_only = [name for name in names if path_fault(directory / name) is None]
    violations += map(_unknown, filter(_is_foreign, files_only))
    if not files and not violations:
        message = (
            f"the dump {directory} has no table: expected files named <schema>.<table>.csv or "
            f".csv.gz, for example {TABLES[0].key}.csv"
        )
        raise DumpRefused(message)
    return files, violations


def refusal(directory: Path, violations: Sequence[Violation], *, count: int) -> DumpRefused:
    """The error for a dump with `count` violations; `violations` has at least the first of them.

    Its `facts["violations"]` has the violations that the message names.
    """
    named = tuple(violations[:REPORTED_MAX])
    places = "1 place" if count == 1 else f"{count} places"
    lines = [f"the dump {directory} breaks the contract in {places}; nothing was loaded:"]
    lines += [f"  {violation}" for violation in named]
    if count > len(named):
        lines.append(f"  ... and {count - len(named)} more")
    return DumpRefused("\n".join(lines), violations=named, violation_count=count)


def _file_names(table: Table) -> tuple[str, str]:
    return f"{table.key}.csv", f"{table.key}.csv.gz"


def _is_foreign(name: str) -> bool:
    is_a_table = name.lower().startswith(tuple(f"{domain}." for domain in DOMAINS))
    known = {known for table in TABLES for known in _file_names(table)}
    return (is_a_table or ".csv" in name.lower()) and name not in known


def _unknown(name: str) -> Violation:
    reason = "no table of the contract has a file of this name: rename or remove it"
    return Violation(table=name, line=None, reason=reason)


def _header(file: DumpFile) -> str | Violation:
    """The first line of a file."""
    fault = path_fault(file.path)
    if fault is not None:
        return Violation(table=file.table.key, line=None, reason=f"cannot be read: {fault}")
    header, reason = "", None
    try:
        with file.open() as stream:
            line = stream.readline(_HEADER_BYTES_MAX)
        header = line.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        reason = "the header is not UTF-8"
    except UNREADABLE as error:
        reason = f"the file cannot be read: {error}"
    else:
        if not header:
            reason = "the file is empty: expected a header with the names of the columns"
        elif "\r" in header:
            reason = "the lines end in CR alone: expected LF or CRLF"
    return header if reason is None else Violation(table=file.table.key, line=1, reason=reason)


def _named(names: Sequence[str]) -> str:
    """The first names; a header can have thousands."""
    rest = f" and {len(names) - REPORTED_MAX} more" if len(names) > REPORTED_MAX else ""
    return ", ".join(repr(shown(each, 60)) for each in names[:REPORTED_MAX]) + rest


def _read_header(file: DumpFile) -> DumpFile | Violation:
    header = _header(file)
    if isinstance(header, Violation):
        return header
    columns = tuple(next(csv.reader([header])))
    problem = _header_problem(columns, file.table)
    if problem:
        return Violation(table=file.table.key, line=1, reason=problem)
    return DumpFile(table=file.table, path=file.path, columns=columns)


def _header_problem(found: tuple[str, ...], table: Table) -> str | None:
    missing = [c.name for c in table.columns if c.name not in found and not is_optional(c)]
    unknown = [name for name in found if name not in table.columns]
    repeated = sorted({name for name in found if found.count(name) > 1})
    problems = {"missing": missing, "unknown": unknown, "repeated": repeated}
    parts = [f"{what} {_named(names)}" for what, names in problems.items() if names]
    return f"the header's columns are wrong: {'; '.join(parts)}" if parts else None
