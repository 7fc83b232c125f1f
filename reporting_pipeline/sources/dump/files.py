"""The files of a dump: which there are, what their headers say, on which lines their rows stand.

What belongs here: everything that needs no database. What does not: the values in the rows.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import Table

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump.violation import Violation

_CHUNK_BYTES = 1 << 18
# Far longer than any header of the contract: a file without line ends is not read into memory.
_HEADER_BYTES_MAX = 1 << 16
# What a truncated or mangled gzip file raises while it is read.
UNREADABLE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpFile:
    """One table's file, its columns in the order of its header."""

    table: Table
    path: Path
    columns: tuple[str, ...] = ()

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file, header included, unpacked, a chunk at a time."""
        with self.open() as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk

    def open(self) -> BinaryIO:
        """The unpacked file, for reading."""
        if self.path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def first_lines(self, records: Iterable[int]) -> dict[int, int]:
        """The line on which each of the given records begins; the first after the header is 1."""
        wanted = set(records)
        lines: dict[int, int] = {}
        for record, (first, _) in enumerate(self._spans()):
            if len(lines) == len(wanted):
                break
            if record in wanted:
                lines[record] = first
        return lines

    def first_line_of_record_at(self, line: int) -> int:
        """The line on which the record begins that reaches over `line`, or else the last one."""
        begins = 1
        for first, last in self._spans():
            begins = first
            if last >= line:
                break
        return begins

    def end_marker_line(self) -> int | None:
        r"""The first line that holds `\.` alone, which PostgreSQL before 18 takes for the end."""
        with self.open() as stream:
            for number, line in enumerate(stream, start=1):
                if line.rstrip(b"\r\n") == b"\\.":
                    return number
        return None

    def _spans(self) -> Iterator[tuple[int, int]]:
        """First and last line of each record, the header's first, as COPY sees them."""
        first, last, is_quoted = 1, 0, False
        with self.open() as stream:
            for last, line in enumerate(stream, start=1):
                # A doubled quote inside quotes counts twice, so the parity tells.
                is_quoted ^= line.count(b'"') % 2 == 1
                if not is_quoted:
                    yield first, last
                    first = last + 1
        if is_quoted:
            yield first, last


def dump_files(directory: Path) -> tuple[list[DumpFile], list[Violation]]:
    """The readable files of a dump, parents before children, and what is wrong with the others.

    A folder, and a file whose name has nothing of a table's (a README), is no part of a dump.

    Raises:
        DumpRefused: It is no folder, or holds no table at all.
    """
    if not directory.is_dir():
        raise DumpRefused(
            f"the dump {directory} is not a folder: give the folder of its .csv files"
        )
    names = sorted(path.name for path in directory.iterdir() if path.is_file())
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
    violations += map(_unknown, filter(_is_foreign, names))
    if not files and not violations:
        message = (
            f"the dump {directory} holds no table: expected files named <schema>.<table>.csv or "
            f".csv.gz, for example {TABLES[0].key}.csv"
        )
        raise DumpRefused(message)
    return files, violations


def _file_names(table: Table) -> tuple[str, str]:
    return f"{table.key}.csv", f"{table.key}.csv.gz"


def _is_foreign(name: str) -> bool:
    is_a_table = name.lower().startswith(tuple(f"{domain}." for domain in DOMAINS))
    known = {known for table in TABLES for known in _file_names(table)}
    return (is_a_table or ".csv" in name.lower()) and name not in known


def _unknown(name: str) -> Violation:
    reason = "no table of the contract has a file of this name: rename or remove it"
    return Violation(table=name, line=None, reason=reason)


def _read_header(file: DumpFile) -> DumpFile | Violation:
    def refused(reason: str) -> Violation:
        return Violation(table=file.table.key, line=1, reason=reason)

    try:
        with file.open() as stream:
            line = stream.readline(_HEADER_BYTES_MAX)
        header = line.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        return refused("the header is not UTF-8")
    except UNREADABLE as error:
        return refused(f"the file cannot be read: {error}")
    if not header:
        return refused("the file is empty: expected a header with the names of the columns")
    if "\r" in header:
        return refused("the lines end in CR alone: expected LF or CRLF")
    columns = tuple(next(csv.reader([header])))
    problem = _header_problem(columns, tuple(column.name for column in file.table.columns))
    if problem:
        return refused(problem)
    return DumpFile(table=file.table, path=file.path, columns=columns)


def _header_problem(found: tuple[str, ...], expected: tuple[str, ...]) -> str | None:
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    repeated = sorted({name for name in found if found.count(name) > 1})
    problems = {"missing": missing, "unknown": unknown, "repeated": repeated}
    parts = [f"{what} {', '.join(map(repr, names))}" for what, names in problems.items() if names]
    return f"the header's columns are wrong: {'; '.join(parts)}" if parts else None
