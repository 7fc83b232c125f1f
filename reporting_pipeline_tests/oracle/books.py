"""The books: every row of the source domains, in memory; read from and written to dumps."""

import csv
import gzip
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import TextIOBase
from pathlib import Path
from typing import Self, cast

from reporting_pipeline_tests.oracle.source_tables import (
    COLUMNS,
    Row,
    field,
    is_mutable,
    reader,
)


@dataclass(frozen=True)
class Books:
    """The rows of the 16 contract tables, which never change.

    Attributes:
        tables: Table name with schema -> id -> row; a table without rows is empty.
    """

    tables: dict[str, dict[str, Row]]

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[Row]]) -> Self:
        """Books of these rows by table; other tables are empty."""
        return cls({table: {row["id"]: row for row in rows.get(table, ())} for table in COLUMNS})

    @classmethod
    def from_dump(cls, folder: Path) -> Self:
        """Books of a contract dump: `<schema>.<table>.csv` or `.csv.gz`, columns by name."""
        return cls.of({table: list(_read(folder, table)) for table in COLUMNS})

    def write_dump(self, folder: Path) -> None:
        """Write a contract dump with one CSV per table, also for empty tables.

        Args:
            folder: Created if missing; files of the same name are replaced.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in self.tables.items():
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(COLUMNS[table])
                writer.writerows(map(field, row.values()) for row in _ordered(table, rows))

    def __getitem__(self, table: str) -> dict[str, Row]:
        return self.tables[table]

    def merged(self, other: "Books") -> "Books":
        """These books after `other` has arrived.

        An append-only row that exists already stays. Of a mutable row, the version with the newest
        `updated_at` is kept; if two are equal, the one that arrived last.
        """
        tables = {}
        for table, rows in self.tables.items():
            tables[table] = dict(rows)
            for identity, row in other[table].items():
                known = rows.get(identity)
                newer = is_mutable(table) and known and row["updated_at"] >= known["updated_at"]
                if known is None or newer:
                    tables[table][identity] = row
        return Books(tables)

    def select(self, keep: Callable[[str, Row], bool]) -> "Books":
        """The books of the rows for which `keep(table, row)` is true, regardless of references."""
        return Books(
            {
                table: {identity: row for identity, row in rows.items() if keep(table, row)}
                for table, rows in self.tables.items()
            }
        )

    def row_count(self) -> int:
        """Number of rows of all tables."""
        return sum(len(rows) for rows in self.tables.values())


def union(batches: Iterable[Books]) -> Books:
    """The books after all batches have arrived, in this order."""
    books = Books.of({})
    for batch in batches:
        books = books.merged(batch)
    return books


def _ordered(table: str, rows: Mapping[str, Row]) -> Iterable[Row]:
    for row in rows.values():
        yield {column: row[column] for column in COLUMNS[table]}


def _read(folder: Path, table: str) -> Iterable[Row]:
    plain, packed = folder / f"{table}.csv", folder / f"{table}.csv.gz"
    if plain.exists():
        with plain.open(encoding="utf-8", newline="") as file:
            yield from _rows(cast(TextIOBase, file), table)
    elif packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
            yield from _rows(cast(TextIOBase, file), table)


def _rows(file: TextIOBase, table: str) -> Iterable[Row]:
    lines = csv.reader(file)
    names = next(lines)
    readers = [reader(COLUMNS[table][name]) for name in names]
    for line in lines:
        row = {name: read(text) for name, read, text in zip(names, readers, line, strict=True)}
        yield dict.fromkeys(COLUMNS[table]) | row
