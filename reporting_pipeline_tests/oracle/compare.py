"""Compares report tables: from the oracle, from CSV files, and from a warehouse."""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import Connection, sql

from reporting_pipeline_tests.oracle.expected import COLUMNS
from reporting_pipeline_tests.oracle.report_tables import (
    KEYS,
    Key,
    ReportRow,
    ReportTable,
)

_ABSENT: Final = object()


def differences(
    expected: Mapping[str, ReportTable], actual: Mapping[str, ReportTable]
) -> list[str]:
    """One line for each missing row, unexpected row and different value.

    Values of different types are different: 1 is not true. Only the tables in `expected` are
    compared.
    """
    found: list[str] = []
    for table, rows in expected.items():
        others = actual[table]
        for key in sorted(rows.keys() | others.keys(), key=str):
            place = f"{table} {_name(table, key)}"
            if key not in others:
                found.append(f"{place}: row expected, not found: {_measures(table, rows[key])}")
            elif key not in rows:
                found.append(f"{place}: row found, not expected: {_measures(table, others[key])}")
            else:
                found += (f"{place}: {line}" for line in _values(rows[key], others[key]))
    return found


def read_actual(connection: Connection[Any]) -> dict[str, ReportTable]:
    """The tables of the schema `reporting`, in the form of `expected_tables`."""
    tables: dict[str, ReportTable] = {}
    for table, columns in COLUMNS.items():
        query = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("reporting", table)
        )
        rows = (
            dict(zip(columns, map(_plain, values), strict=True))
            for values in connection.execute(query)
        )
        tables[table] = keyed(table, rows)
    return tables


def read_csv_tables(folder: Path, tables: Iterable[str] = tuple(COLUMNS)) -> dict[str, ReportTable]:
    """The tables from `<table>.csv` or `.csv.gz`; columns by name, an empty field is null."""
    return {table: keyed(table, _csv_rows(folder, table)) for table in tables}


def published_part(
    tables: Mapping[str, ReportTable], published: Mapping[str, ReportTable]
) -> dict[str, ReportTable]:
    """The tables with the columns that published files have; a column may be newer than a file."""
    return {
        table: {
            key: {name: row[name] for name in _columns(published[table])}
            for key, row in rows.items()
        }
        for table, rows in tables.items()
    }


def keyed(table: str, rows: Iterator[ReportRow]) -> ReportTable:
    """The rows by key.

    Raises:
        ValueError: Two rows have the same key.
    """
    found: ReportTable = {}
    for row in rows:
        key = tuple(row[column] for column in KEYS[table])
        if key in found:
            raise ValueError(f"{table} has two rows with the key {_name(table, key)}")
        found[key] = row
    return found


def _columns(rows: ReportTable) -> tuple[str, ...]:
    return tuple(next(iter(rows.values())))


def _values(expected: ReportRow, actual: ReportRow) -> Iterator[str]:
    for column in dict.fromkeys((*expected, *actual)):
        wanted, found = expected.get(column, _ABSENT), actual.get(column, _ABSENT)
        if wanted != found or type(wanted) is not type(found):
            yield f"{column}: expected {wanted}, found {found}"


def _name(table: str, key: Key) -> str:
    return ", ".join(f"{column}={value}" for column, value in zip(KEYS[table], key, strict=True))


def _measures(table: str, row: ReportRow) -> str:
    shown = {name: value for name, value in row.items() if name not in KEYS[table] and value}
    return ", ".join(f"{name}={value}" for name, value in shown.items()) or "all 0"


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, list):
        return tuple(_plain(item) for item in value)
    return value


def _csv_rows(folder: Path, table: str) -> Iterator[ReportRow]:
    plain, packed = folder / f"{table}.csv", folder / f"{table}.csv.gz"
    with (
        plain.open(encoding="utf-8", newline="")
        if plain.exists()
        else gzip.open(packed, "rt", encoding="utf-8", newline="")
    ) as file:
        lines = csv.reader(file)
        names = next(lines)
        readers = [_csv_reader(name) for name in names]
        for line in lines:
            yield {name: read(text) for name, read, text in zip(names, readers, line, strict=True)}


def _csv_reader(column: str) -> Callable[[str], Any]:
    read: Callable[[str], Any] = str
    if column == "date":
        read = date.fromisoformat
    elif column == "proof_ids":
        return lambda text: tuple(text.strip("{}").split(","))
    elif column.startswith("is_"):
        read = {"true": True, "false": False}.__getitem__
    elif column.endswith("_at"):
        read = datetime.fromisoformat
    elif column.endswith("_rate"):
        read = Decimal
    elif column.endswith(("_minor", "_count")):
        read = int
    return lambda text: read(text) if text else None


def describe(found: Sequence[str], *, at_most: int = 20) -> str:
    """The differences as a block of text: their number, and the first ones."""
    more = [f"... and {len(found) - at_most} more"] if len(found) > at_most else []
    return "\n".join((f"{len(found)} differences", *found[:at_most], *more))
