"""Writes all views of `reporting_bi` into one file of Tableau's format, `.hyper`.

The file is an extract: Tableau opens it without the warehouse. It has a table per view, under the
same name in schema `reporting_bi`, with all rows of one snapshot. Values are those of the lake:
whole numbers of minor units, dates as dates, instants in UTC.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL, column, select, table

from reporting_pipeline.building.relations import ensure_relations
from reporting_pipeline.errors import EnvironmentNotReady, FileExists, RenderFailed
from reporting_pipeline.exports.row_spool import RowSpool, arrow_type, spool_rows
from reporting_pipeline.lake.partitions import plain_report
from reporting_pipeline.publishing.snapshot import platform_snapshot, tenant_snapshot
from reporting_pipeline.registry.bi_views import BI_SCHEMA, bi_views
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.conditions import TYPES
from reporting_pipeline.warehouse.engine import warehouse_connection

if TYPE_CHECKING:
    import pyarrow as pa


def write_hyper(
    warehouse: URL,
    target: Path,
    *,
    organization_id: UUID | None = None,
    is_overwriting: bool = False,
) -> dict[str, int]:
    """Write the extract; it appears complete or not at all.

    Memory is flat; the rows are in temporary files meanwhile.

    Args:
        warehouse: The address of the warehouse.
        target: The file.
        organization_id: Only rows that this organisation may see; None: those of all.
        is_overwriting: An existing file is replaced.

    Returns:
        The number of rows by view.

    Raises:
        EnvironmentNotReady: pantab is not installed.
        FileExists: There is a file of this name.
        RenderFailed: The file could not be written.
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    _require_extra()
    if (target.exists() or target.is_symlink()) and not is_overwriting:
        message = f"{target} exists: name another file, or replace it with --overwrite"
        raise FileExists(message)
    ensure_relations(warehouse)
    with tempfile.TemporaryDirectory(prefix="reporting-lake-") as spools:
        with (
            warehouse_connection(warehouse) as connection,
            platform_snapshot(connection)
            if organization_id is None
            else tenant_snapshot(connection, organization_id),
        ):
            tables = [_Table.read(connection, view, Path(spools)) for view in bi_views()]
        _write(tables, target)
    return {each.name: each.rows.row_count for each in tables}


@dataclass(slots=True)
class _Table:
    """The rows of a view, in a temporary file, and how many of them the writer has taken."""

    name: str
    rows: RowSpool
    taken_count: int = 0

    @classmethod
    def read(cls, connection: Connection[Any], view: Dataset, folder: Path) -> "_Table":
        """Read a view's rows into a file in the folder."""
        shown = [column(each.name, TYPES[each.type]) for each in view.columns]
        query = select(*shown).select_from(table(view.name, schema=BI_SCHEMA))
        report = plain_report(view.columns, query)
        return cls(name=view.name, rows=spool_rows(connection, report, folder / view.name))

    def reader(self) -> "pa.RecordBatchReader":
        """The rows as batches of Arrow."""
        import pyarrow as pa

        fields = [pa.field(each.name, arrow_type(each.column.type)) for each in self.rows.columns]
        return pa.RecordBatchReader.from_batches(pa.schema(fields), self._batches())

    def _batches(self) -> "Iterator[pa.RecordBatch]":
        for batch in self.rows.batches():
            yield batch
            self.taken_count += batch.num_rows


def _write(tables: list[_Table], target: Path) -> None:
    import pantab

    readers = {(BI_SCHEMA, each.name): each.reader() for each in tables}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".reporting-", dir=target.parent) as staging:
            staged = Path(staging) / "extract.hyper"
            pantab.frames_to_hyper(readers, staged)
            _require_all_rows(tables, target)
            staged.replace(target)
    except (OSError, RuntimeError) as error:
        raise RenderFailed(f"{target} was not written: {error}; none was left") from error


def _require_all_rows(tables: list[_Table], target: Path) -> None:
    """Pantab takes an error while it reads rows for the end of the rows."""
    for each in tables:
        if each.taken_count != each.rows.row_count:
            message = (
                f"{target} was not written: {each.name} has {each.rows.row_count} rows, and"
                f" {each.taken_count} of them could be written; none was left"
            )
            raise RenderFailed(message)


def _require_extra() -> None:
    try:
        import pantab  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        message = "pantab is not installed: run `pip install 'reporting-pipeline[tableau]'`"
        raise EnvironmentNotReady(message) from error
