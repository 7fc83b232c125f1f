"""Reports as Parquet, for programs: typed columns, and the proof inside the file.

    types      int64 for bigint (money in minor units), decimal(12, 6) for ratios, date, timestamp
               in microseconds UTC, boolean, string for all else; every column may be null
    names      the columns' names; their label, unit, kind and description are metadata of the field
    manifest   metadata of the file under `reporting.manifest`, as JSON
    bytes      zstd, row groups of 65,536 rows; the same rows give the same bytes with the same
               version of Arrow, which the file names

Parquet holds any report: it has no limit of its own. A report without rows is its schema alone.

What belongs here: writing and reading that. What does not: how people see values.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable
from reporting_pipeline.exports.canonical import CanonicalRow, canonical_texts, rows_of
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.new_file import new_file
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.row_spool import arrow_type
from reporting_pipeline.report_definitions.compiled import ReportColumn

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST_KEY = b"reporting.manifest"

_GROUP_ROWS = 65_536
_BATCH_ROWS = 16_384


def refuse(document: ReportDocument) -> None:
    """Nothing: Parquet holds any report."""


def write(document: ReportDocument, target: Path) -> None:
    """Write the report's rows as Parquet; in memory is one row group at a time.

    Raises:
        ExportIncomplete: The file would not hold all rows; there is no file.
        RenderFailed: The file cannot be written; there is no file.
    """
    from pyarrow import parquet

    row_count = 0
    schema = _schema(document)
    with (
        new_file(target) as file,
        parquet.ParquetWriter(file, schema, compression="zstd", version="2.6") as writer,
    ):
        for group in _groups(document.rows.batches(), schema):
            writer.write_table(group, row_group_size=_GROUP_ROWS)
            row_count += group.num_rows
        if row_count != document.rows.row_count:
            message = f"the Parquet would have {row_count} of {document.rows.row_count} rows"
            raise ExportIncomplete(f"{message}; not published")


def canonical_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    """The canonical rows of a Parquet file, at flat memory.

    Raises:
        FileUnreadable: The file is no Parquet file with the manifest's columns.
    """
    import pyarrow as pa
    from pyarrow import parquet

    names = [column.name for column in manifest.columns]
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow.names != names:
                found = ", ".join(file.schema_arrow.names)
                raise FileUnreadable(f"{path.name} has the columns {found}, not {', '.join(names)}")
            for batch in file.iter_batches(_BATCH_ROWS):
                yield from rows_of(map(canonical_texts, batch.columns))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileUnreadable(f"{path.name} is no Parquet file, or damaged: {error}") from error


def manifest_within(path: Path) -> Manifest:
    """The manifest that stands inside a Parquet file.

    Raises:
        FileUnreadable: The file is no Parquet file, or there is no manifest of ours inside.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
        return Manifest.model_validate_json(metadata[MANIFEST_KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise FileUnreadable(f"{path.name} holds no manifest of a report: {error}") from error


def _groups(batches: "Iterable[pa.RecordBatch]", schema: "pa.Schema") -> "Iterator[pa.Table]":
    # Groups of one size, however the rows came.
    import pyarrow as pa

    held = schema.empty_table()
    for batch in batches:
        fresh = pa.Table.from_arrays(batch.columns, schema=schema)
        held = pa.concat_tables([held, fresh])
        while held.num_rows >= _GROUP_ROWS:
            yield held.slice(0, _GROUP_ROWS)
            held = held.slice(_GROUP_ROWS)
    if held.num_rows:
        yield held


def _schema(document: ReportDocument) -> "pa.Schema":
    import pyarrow as pa

    manifest = document.manifest.within_file().to_json().encode()
    return pa.schema([_field(column) for column in document.columns], {MANIFEST_KEY: manifest})


def _field(column: ReportColumn) -> "pa.Field":
    import pyarrow as pa

    facts = {
        "label": column.header,
        "unit": column.column.unit or "",
        "kind": column.column.kind,
        "description": column.column.description,
    }
    metadata = {f"reporting.{name}": str(text) for name, text in facts.items()}
    return pa.field(column.name, arrow_type(column), metadata=metadata)
