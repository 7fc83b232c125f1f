"""Brings the rows that an engine has computed into the warehouse.

The rows of a report table go through a temporary table, from which the macro `publish_days`
replaces the days, as a build of PostgreSQL does.
"""

import io
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pyarrow import csv, parquet

_BATCH_ROWS = 50_000


def rows_table(table: str) -> str:
    """The name of the temporary table with the new rows of a report table."""
    return f"rows_of_{table}"


def copy_rows(connection: psycopg.Connection, table: str, path: Path) -> int:
    """Copy the rows of a Parquet file, or of a folder of parts, into a new temporary table.

    Args:
        connection: A connection to the warehouse, in a transaction.
        table: The name of the report table, whose types the rows get.
        path: The file or folder; its columns have the names of the report table's columns.

    Returns:
        The number of rows.
    """
    rows = sql.Identifier(rows_table(table))
    # Without the constraints of the report table: rows that do not fit are left out later.
    create = "create temporary table {rows} on commit drop as select * from {table} with no data"
    connection.execute(sql.SQL(create).format(rows=rows, table=sql.Identifier("reporting", table)))
    parts = sorted(path.glob("part-*")) if path.is_dir() else [path]
    return sum(_copy_part(connection, rows, part) for part in parts)


def _copy_part(connection: psycopg.Connection, rows: sql.Identifier, path: Path) -> int:
    count = 0
    with parquet.ParquetFile(path) as file:
        names = sql.SQL(", ").join(map(sql.Identifier, file.schema_arrow.names))
        copy = sql.SQL("copy {} ({}) from stdin (format csv)").format(rows, names)
        with connection.cursor().copy(copy) as target:
            for batch in file.iter_batches(_BATCH_ROWS):
                target.write(_csv(batch))
                count += batch.num_rows
    return count


def _csv(batch: pa.RecordBatch) -> bytes:
    columns = [
        _array_text(column) if pa.types.is_list(column.type) else column for column in batch.columns
    ]
    text = io.BytesIO()
    written = pa.record_batch(columns, names=batch.schema.names)
    csv.write_csv(written, text, csv.WriteOptions(include_header=False))
    return text.getvalue()


def _array_text(lists: pa.Array) -> pa.Array:
    """Lists of ids as PostgreSQL writes arrays; an id needs no quotes."""
    return pc.binary_join_element_wise("{", pc.binary_join(lists, ","), "}", "")
