"""Copies landing into Parquet files, which other engines read.

A file has the rows of one table, or of one month of a dated table, as they were in one snapshot.
Its name says which state it has, so a state that is there already is not copied again. Types:

    uuid, text, character     text, because Spark has no other type for ids
    timestamp with time zone  microseconds, in UTC
    time without time zone    whole number of microseconds since midnight
    numeric                   decimal with the same digits

Landing adds rows and changes rows in transactions that run one after the other. So the number of
rows of a table, and the newest and the sum of the transactions that wrote them, change with it.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import IsolationLevel, sql
from pyarrow import csv, parquet
from sqlalchemy import URL
from typing_extensions import override

from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landing.incoming import landing_name
from reporting_pipeline.warehouse.engine import warehouse_connection

ZONE_SAMPLES = "zone_samples"
"""The table with local times by the warehouse's rules: zone, instant, local_time."""

ZONE_SAMPLES_QUERY = files(__package__).joinpath("zone_samples.sql").read_text("utf-8")
_INSTANT = pa.timestamp("us", tz="UTC")
_TYPES = {
    "uuid": pa.string(),
    "text": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp with time zone": _INSTANT,
    "timestamp without time zone": pa.timestamp("us"),
    "time without time zone": pa.int64(),
}
_MICROSECONDS = "cast(extract(epoch from {}) * 1000000 as bigint)"
# A table without partitions is its own leaf.
_LEAVES = """
    select relid::regclass::text, relid::oid::bigint
    from pg_partition_tree(%(table)s::regclass)
    where isleaf
    union all
    select oid::regclass::text, oid::bigint
    from pg_class
    where oid = %(table)s::regclass and relkind = 'r'
    order by 1
"""
_COLUMNS = """
    select attname, format_type(atttypid, atttypmod)
    from pg_attribute
    where attrelid = %s::regclass and attnum > 0 and not attisdropped
    order by attnum
"""
_STATE = """
    select count(*), max(xmin::text::bigint), sum(xmin::text::bigint) from {}
"""
_BLOCK_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingFiles:
    """The files of landing in one state.

    Attributes:
        by_table: Table of landing, such as `ticketing_events` -> its files.
        copied_count: Number of files that were written for it; the others were there.
    """

    by_table: Mapping[str, tuple[Path, ...]]
    copied_count: int


def copy_landing(warehouse: URL, folder: Path) -> LandingFiles:
    """Bring the files of a folder to the present state of landing.

    Only one process may do this in a folder at a time.

    Args:
        warehouse: The address of the warehouse.
        folder: The folder; each table of landing has a folder in it.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    by_table: dict[str, tuple[Path, ...]] = {}
    copied_count = 0
    with warehouse_connection(warehouse) as snapshot:
        snapshot.isolation_level = IsolationLevel.REPEATABLE_READ
        snapshot.read_only = True
        for name in map(landing_name, TABLES):
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            known = set(place.iterdir())
            kept = dict(_table_files(snapshot, name, place))
            by_table[name] = tuple(kept)
            copied_count += sum(kept.values())
            for former in known.difference(kept):
                former.unlink(missing_ok=True)  # a draft is gone once its file is complete
        by_table[ZONE_SAMPLES] = (_copy_zone_samples(snapshot, folder),)
    return LandingFiles(by_table=by_table, copied_count=copied_count)


def _table_files(
    snapshot: psycopg.Connection, name: str, place: Path
) -> Iterator[tuple[Path, bool]]:
    """The files of a table, each with whether it was written now."""
    relation = f"landing.{name}"
    columns: dict[str, str] = dict(snapshot.execute(_COLUMNS, [relation]).fetchall())
    for leaf, oid in snapshot.execute(_LEAVES, {"table": relation}).fetchall():
        path = place / f"{leaf.partition('.')[2]}-{_state(snapshot, leaf, oid, columns)}.parquet"
        is_new = not path.exists()
        if is_new:
            _copy(snapshot, _selected(leaf, columns), _schema(relation, columns), path)
        yield path, is_new


def _state(snapshot: psycopg.Connection, leaf: str, oid: int, columns: Mapping[str, str]) -> str:
    """A digest of what a file of a leaf depends on."""
    query = sql.SQL(_STATE).format(sql.Identifier(*leaf.split(".")))
    [row] = snapshot.execute(query).fetchall()
    [(server,)] = snapshot.execute("select system_identifier from pg_control_system()").fetchall()
    text = repr((server, oid, row, sorted(columns.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _selected(leaf: str, columns: Mapping[str, str]) -> sql.Composed:
    values = [
        sql.SQL(_MICROSECONDS if kind.startswith("time without") else "{}").format(
            sql.Identifier(name)
        )
        for name, kind in columns.items()
    ]
    return sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(values), sql.Identifier(*leaf.split("."))
    )


def _schema(relation: str, columns: Mapping[str, str]) -> pa.Schema:
    return pa.schema([(name, _type(relation, name, kind)) for name, kind in columns.items()])


def _type(relation: str, column: str, kind: str) -> pa.DataType:
    name, _, size = kind.partition("(")
    if name == "character":
        return pa.string()
    if name == "numeric" and size:
        precision, _, scale = size.rstrip(")").partition(",")
        return pa.decimal128(int(precision), int(scale))
    if kind not in _TYPES:
        message = f"column {column} of {relation} has the type {kind}, which no engine reads yet"
        raise BuildFailed(message)
    return _TYPES[kind]


def _copy_zone_samples(snapshot: psycopg.Connection, folder: Path) -> Path:
    schema = pa.schema(
        [("zone", pa.string()), ("instant", _INSTANT), ("local_time", pa.timestamp("us"))]
    )
    path = folder / ZONE_SAMPLES / f"{ZONE_SAMPLES}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    _copy(snapshot, sql.SQL(ZONE_SAMPLES_QUERY), schema, path)
    return path


def _copy(
    snapshot: psycopg.Connection, query: sql.Composable, schema: pa.Schema, path: Path
) -> None:
    """Write the rows of a query into a file, which appears complete or not at all."""
    copy = sql.SQL("copy ({}) to stdout (format csv)").format(query)
    draft = path.with_suffix(".draft")
    with (
        snapshot.cursor().copy(copy) as rows,
        parquet.ParquetWriter(draft, schema, compression="zstd") as writer,
    ):
        for batch in _batches(rows, schema):
            writer.write_batch(batch)
    draft.replace(path)


def _batches(
    rows: Iterable[bytes | bytearray | memoryview], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    source = io.BufferedReader(_Stream(rows), _BLOCK_BYTES)
    if not source.peek(1):
        return
    yield from csv.open_csv(
        source,
        read_options=csv.ReadOptions(column_names=schema.names, block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


class _Stream(io.RawIOBase):
    """The blocks of a COPY as a file."""

    def __init__(self, blocks: Iterable[bytes | bytearray | memoryview]) -> None:
        self._blocks = iter(blocks)
        self._rest = memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            found = next(self._blocks, None)
            if found is None:
                return 0
            self._rest = memoryview(found)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
