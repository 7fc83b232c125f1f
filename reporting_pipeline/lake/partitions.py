"""Reads the rows of a table of the lake, and makes the Parquet file of each partition.

The rows are read once, by COPY, into a temporary file; then each partition is made from its own
rows. Values are those of report files in Parquet (`exports.parquet_format`): whole numbers of minor
units, dates as dates, instants in UTC. The same rows give the same bytes.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from sqlalchemy import ColumnElement, column, func, select, table

from reporting_pipeline.exports.row_spool import RowSpool, arrow_type, spool_rows
from reporting_pipeline.lake.tables import DAY, LakeTable
from reporting_pipeline.registry.bi_views import BI_SCHEMA, bi_view
from reporting_pipeline.registry.columns import Column
from reporting_pipeline.report_definitions.balances import ORGANIZATION
from reporting_pipeline.report_definitions.compile import CompiledReport, ReportColumn
from reporting_pipeline.report_definitions.conditions import TYPES, Query

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One file.

    Attributes:
        day: The report day; None in a table of names.
    """

    organization_id: str
    day: str | None
    content: bytes


def day_partitions(
    connection: Connection[Any], table: LakeTable, days: Sequence[date]
) -> Iterator[Partition]:
    """The files of all organisations that have rows on these days."""
    named = [ORGANIZATION, DAY]
    rows = _rows(table, named)
    rows = rows.where(_column(table, DAY).in_(list(days)))
    yield from _partitions(connection, table, named, rows)


def name_partitions(connection: Connection[Any], table: LakeTable) -> Iterator[Partition]:
    """The files of all organisations that have a named id in the table's view."""
    id_ = _column(table, table.columns[0].name)
    rows = _rows(table, [ORGANIZATION]).where(id_.is_not(None)).distinct()
    yield from _partitions(connection, table, [ORGANIZATION], rows)


def plain_report(columns: Iterable[Column], rows: Query) -> CompiledReport:
    """Rows to be read like those of a report, without currency, totals and key."""
    return CompiledReport(
        columns=tuple(ReportColumn(column=each) for each in columns),
        key=(),
        currency=None,
        rows=rows,
        count=select(func.count()).select_from(rows.order_by(None).subquery("counted")),
        totals=None,
        filters=(),
    )


def _rows(lake_table: LakeTable, partition: Sequence[str]) -> Query:
    names = [*partition, *(each.name for each in lake_table.columns)]
    view = table(lake_table.view, schema=BI_SCHEMA)
    shown = [_column(lake_table, name) for name in names]
    return select(*shown).select_from(view).order_by(*shown)


def _column(lake_table: LakeTable, name: str) -> ColumnElement[Any]:
    return column(name, TYPES[bi_view(lake_table.view).column(name).type])


def _partitions(
    connection: Connection[Any], table: LakeTable, partition: list[str], rows: Query
) -> Iterator[Partition]:
    columns = [bi_view(table.view).column(name) for name in partition] + list(table.columns)
    report = plain_report(columns, rows)
    with tempfile.TemporaryDirectory(prefix="reporting-lake-") as folder:
        spool = spool_rows(connection, report, Path(folder) / "rows.csv")
        for (organization_id, *day), batches in groupby(
            _parts(spool, len(partition)), key=lambda part: part[0]
        ):
            yield Partition(
                organization_id=organization_id,
                day=day[0] if day else None,
                content=_parquet(table, [batch for _, batch in batches]),
            )


def _parts(spool: RowSpool, width: int) -> "Iterator[tuple[tuple[str, ...], pa.RecordBatch]]":
    """The rows of each partition, cut where the spool's batches end; without its columns."""
    for batch in spool.batches():
        keys = list(
            zip(*(map(str, batch.column(i).to_pylist()) for i in range(width)), strict=True)
        )
        start = 0
        for key, run in groupby(keys):
            end = start + sum(1 for _ in run)
            yield key, batch.slice(start, end - start).select(range(width, batch.num_columns))
            start = end


def _parquet(table: LakeTable, batches: "Sequence[pa.RecordBatch]") -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([pa.field(each.name, arrow_type(each.type)) for each in table.columns])
    content = io.BytesIO()
    with parquet.ParquetWriter(content, schema, compression="zstd", version="2.6") as writer:
        for batch in batches:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return content.getvalue()
