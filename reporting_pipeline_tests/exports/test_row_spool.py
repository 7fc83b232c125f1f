"""The spool: canonical rows from one snapshot, read back with types and without loss."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from reporting_pipeline.errors import ExportIncomplete, RenderFailed
from reporting_pipeline.exports.canonical_rows import canonical_line
from reporting_pipeline.exports.row_spool import RowSpool, spool_rows
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import CompiledReport, ReportColumn
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ID, column, document
from reporting_pipeline_tests.hostile import hostile_strings

TYPES: tuple[TypeEngine[Any], ...] = (
    *(Uuid(), Date(), DateTime(timezone=True), String(3), BigInteger(), BigInteger()),
    *(Numeric(12, 6), Boolean(), Text(), ARRAY(Uuid())),
)
TABLE = Table(
    "sample",
    MetaData(),
    Column("position", BigInteger),
    *(Column(each.name, type_) for each, type_ in zip(EVERY_TYPE, TYPES, strict=True)),
)
_CREATE = """
    create temp table sample (
        position bigint generated always as identity, event_id uuid, date date, sold_at timestamptz,
        currency character(3), gross_minor bigint, sold_count bigint,
        attendance_rate numeric(12, 6), is_final boolean, name text, proof_ids uuid[]
    )
"""
_INSERT = """
    insert into sample (
        event_id, date, sold_at, currency, gross_minor, sold_count, attendance_rate, is_final, name,
        proof_ids
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
LARGEST = 2**63 - 1
VALUES: Sequence[tuple[object, ...]] = (
    (
        *(
            uuid.UUID(ID),
            date(2026, 2, 28),
            datetime(2026, 2, 28, 19, 30, tzinfo=UTC),
            "EUR",
            -5,
            7,
        ),
        *(Decimal("0.5"), True, "a, b", [uuid.UUID(ID), uuid.UUID(ID)]),
    ),
    (
        *(None, date(1, 1, 1), datetime(2026, 1, 1, microsecond=1, tzinfo=UTC), "JPY", LARGEST, -1),
        *(Decimal("-1"), False, "", []),
    ),
    (None,) * 10,
)
LINES = (
    f'{ID},2026-02-28,2026-02-28T19:30:00.000000Z,EUR,-5,7,0.500000,true,"a, b",{ID} {ID}\n'
    f',0001-01-01,2026-01-01T00:00:00.000001Z,JPY,{LARGEST},-1,-1.000000,false,"",""\n'
    ",,,,,,,,,\n"
)


@pytest.fixture
def connection(warehouse_url: URL) -> Iterator[psycopg.Connection]:
    with warehouse_connection(warehouse_url) as opened:
        opened.execute(_CREATE)
        yield opened


def report(
    columns: Sequence[ReportColumn] = EVERY_TYPE, counted: int | None = None
) -> CompiledReport:
    """All rows of the table, in the order in which they were inserted."""
    shown = [TABLE.c[each.name] for each in columns]
    count = select(func.count()).select_from(TABLE) if counted is None else select(literal(counted))
    return CompiledReport(
        columns=tuple(columns),
        key=(),
        currency="currency",
        rows=select(*shown).order_by(TABLE.c.position),
        count=count,
        totals=None,
        filters=(),
    )


def insert_texts(connection: psycopg.Connection, texts: Sequence[str | None]) -> None:
    connection.cursor().executemany(
        "insert into sample (name) values (%s)", [(text,) for text in texts]
    )


def rows_of(spool: RowSpool) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for batch in spool.batches() for row in batch.to_pylist()]


def test_each_type_has_one_form(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.cursor().executemany(_INSERT, VALUES)

    spool = spool_rows(connection, report(), tmp_path / "rows")

    content = LINES.encode()
    assert spool.path.read_bytes() == content
    assert (spool.row_count, spool.byte_count) == (3, len(content))
    assert spool.sha256 == hashlib.sha256(content).hexdigest()


def test_bytes_do_not_depend_on_the_session(warehouse_url: URL, tmp_path: Path) -> None:
    options = (
        "-c DateStyle=German,DMY -c TimeZone=Pacific/Kiritimati -c client_encoding=LATIN1 "
        "-c extra_float_digits=-15 -c IntervalStyle=sql_standard"
    )
    with psycopg.connect(conninfo(warehouse_url), options=options) as connection:
        connection.execute(_CREATE)
        connection.cursor().executemany(_INSERT, VALUES)

        assert spool_rows(connection, report(), tmp_path / "rows").path.read_text() == LINES


def test_values_come_back_typed(connection: psycopg.Connection, tmp_path: Path) -> None:
    connection.cursor().executemany(_INSERT, VALUES)

    spool = spool_rows(connection, report(), tmp_path / "rows")

    [batch] = spool.batches()
    assert batch.schema.names == [each.name for each in EVERY_TYPE]
    assert [str(type_) for type_ in batch.schema.types] == [
        *("string", "date32[day]", "timestamp[us, tz=UTC]", "string", "int64", "int64"),
        *("decimal128(12, 6)", "bool", "string", "string"),
    ]
    event, *values, proofs = zip(*VALUES, strict=True)
    ids = [None if each is None else str(each) for each in event]
    assert rows_of(spool) == list(zip(ids, *values, [f"{ID} {ID}", "", None], strict=True))
    assert proofs[0] == [uuid.UUID(ID)] * 2


@pytest.mark.parametrize("columns", [[column("name")], [column("name"), column("date")]])
def test_any_text_comes_back_unchanged_and_null_is_not_empty(
    connection: psycopg.Connection, tmp_path: Path, columns: list[ReportColumn]
) -> None:
    # Readers easily lose a byte order mark at the beginning and a null at the end.
    texts = ["\ufeffmark", None, *hostile_strings(), None]
    insert_texts(connection, texts)

    spool = spool_rows(connection, report(columns), tmp_path / "rows")

    assert [row[0] for row in rows_of(spool)] == texts
    further = [None] * (len(columns) - 1)
    lines = [canonical_line([text, *further]) for text in texts]
    assert spool.path.read_bytes() == b"".join(lines)


def test_a_text_longer_than_a_batch_comes_back(tmp_path: Path) -> None:
    rows = [("a",), ("b" * 5_000_000,), ("c\n" * 3_000_000,), ("d",)]

    spool = document(tmp_path, [column("name")], rows).rows

    assert rows_of(spool) == rows


def test_no_rows_give_an_empty_file_and_no_batches(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    spool = spool_rows(connection, report(), tmp_path / "rows")

    assert (spool.row_count, spool.path.read_bytes(), rows_of(spool)) == (0, b"", [])


@pytest.mark.parametrize("counted", [0, 4])
def test_another_number_of_rows_than_the_snapshot_counts_is_refused(
    connection: psycopg.Connection, tmp_path: Path, counted: int
) -> None:
    insert_texts(connection, ["a", "b", "c"])

    with pytest.raises(ExportIncomplete, match=rf"has 3 rows, its snapshot counts \({counted},\)"):
        spool_rows(connection, report(counted=counted), tmp_path / "rows")


def test_a_value_that_no_format_can_hold_is_refused(tmp_path: Path) -> None:
    spool = document(tmp_path, [column("date", ColumnType.DATE)], [("10000-01-01",)]).rows

    with pytest.raises(RenderFailed, match=r"cannot be read.*10000-01-01"):
        rows_of(spool)


def test_rows_come_in_batches(tmp_path: Path) -> None:
    rows = [(ID, str(number)) for number in range(200_000)]

    spool = document(tmp_path, [column("event_id"), column("name")], rows).rows

    sizes = [batch.nbytes for batch in spool.batches()]
    assert len(sizes) == 9
    assert max(sizes) < 1_500_000
    assert sum(batch.num_rows for batch in spool.batches()) == 200_000
