"""Reports as Parquet, for programs: typed columns, with the manifest inside the file.

    types      int64 for bigint (money in minor units), decimal(12, 6) for ratios, date, timestamp
               in microseconds UTC, boolean, string for all others; every column may be null
    names      the columns' names; label, unit, kind and description are metadata of the field
    manifest   metadata of the file under `reporting.manifest`, as JSON
    bytes      zstd, row groups of 65,536 rows; the same rows give the same bytes with the same
               version of Arrow, which the file names

Parquet holds any report. A report without rows is a schema without rows.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_texts, rows_of
from reporting_pipeline.exports.format import (
    Format,
    ProblemSink,
    ignore_problem,
    new_file,
    require_complete,
)
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.row_spool import arrow_type
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.report_definitions.definition import ReportFormat

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST_KEY = b"reporting.manifest"

_GROUP_ROWS = 65_536
_BATCH_ROWS = 16_384


class ParquetFormat(Format):
    """Parquet. Writing keeps one row group in memory, reading a batch of rows."""

    name = ReportFormat.PARQUET
    title = "Parquet"
    media_type = "application/vnd.apache.parquet"
    first_bytes = b"PAR1"
    embeds_manifest = True

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        from pyarrow import parquet

        row_count = 0
        schema = _schema(document)
        with (
            new_file(target) as file,
            parquet.ParquetWriter(file, schema, compression="zstd", version="2.6") as writer,
        ):
            for group in _row_groups(document.rows.batches(), schema):
                writer.write_table(group, row_group_size=_GROUP_ROWS)
                row_count += group.num_rows
            require_complete(self.title, row_count, document.rows.row_count)

    def shown(self, path: Path) -> Iterator[object]:
        """See `Format.shown`: the columns with their types, the metadata, and the values."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with parquet.ParquetFile(path) as file:
                schema = file.schema_arrow
                yield [(field.name, str(field.type), field.metadata) for field in schema]
                yield schema.metadata
                for batch in file.iter_batches(batch_size=_GROUP_ROWS):
                    yield from batch.to_pylist()
        except (pa.ArrowInvalid, OSError) as error:
            raise FileUnreadable(f"{path.name} is no Parquet file: {error}") from error

    def read(
        self,
        path: Path,
        manifest: Manifest,
        report_problem: ProblemSink = ignore_problem,
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`: also reports types and descriptions that are not the manifest's."""
        import pyarrow as pa
        from pyarrow import parquet

        names = [column.name for column in manifest.columns]
        try:
            with parquet.ParquetFile(path) as file:
                found = file.schema_arrow.names
                if found != names:
                    message = f"{path.name} has the columns {', '.join(found)}, not "
                    raise FileUnreadable(message + ", ".join(names))
                for problem in _field_problems(file.schema_arrow, manifest):
                    report_problem(problem)
                for batch in file.iter_batches(_BATCH_ROWS):
                    yield from rows_of(map(canonical_texts, batch.columns))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FileUnreadable(f"{path.name} is no Parquet file, or damaged: {error}") from error

    def embedded_manifest(self, path: Path) -> Manifest:
        """See `Format.embedded_manifest`."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            metadata = parquet.read_schema(path).metadata or {}
            return Manifest.of_json(metadata[MANIFEST_KEY])
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise FileUnreadable(f"{path.name} holds no manifest of a report: {error}") from error


PARQUET = ParquetFormat()


def _row_groups(batches: "Iterable[pa.RecordBatch]", schema: "pa.Schema") -> "Iterator[pa.Table]":
    """The rows in groups of one size, whatever the sizes of the batches."""
    import pyarrow as pa

    pending = schema.empty_table()
    for batch in batches:
        fresh = pa.Table.from_arrays(batch.columns, schema=schema)
        pending = pa.concat_tables([pending, fresh])
        while pending.num_rows >= _GROUP_ROWS:
            yield pending.slice(0, _GROUP_ROWS)
            pending = pending.slice(_GROUP_ROWS)
    if pending.num_rows:
        yield pending


def _schema(document: ReportDocument) -> "pa.Schema":
    import pyarrow as pa

    manifest = document.manifest.within_file().to_json().encode()
    return pa.schema([_field(column) for column in document.columns], {MANIFEST_KEY: manifest})


def _field_problems(schema: "pa.Schema", manifest: Manifest) -> Iterator[str]:
    """The columns of a file that say another type, label, unit or kind than the manifest."""
    for field, column in zip(schema, manifest.columns, strict=True):
        known = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        facts = {"label": column.header, "unit": column.unit or "", "kind": column.kind}
        for name, expected in facts.items():
            found = known.get(f"reporting.{name}", "")
            if found != expected:
                yield f"column {field.name!r} has the {name} {found!r}, not {expected!r}"
        if column.type in list(ColumnType):
            type_ = arrow_type(ColumnType(column.type))
            if field.type != type_:
                yield f"column {field.name!r} has the type {field.type}, not {type_}"


def _field(column: ReportColumn) -> "pa.Field":
    import pyarrow as pa

    facts = {
        "label": column.header,
        "unit": column.column.unit or "",
        "kind": column.column.kind_in_files,
        "description": column.column.description,
    }
    metadata = {f"reporting.{name}": str(text) for name, text in facts.items()}
    return pa.field(column.name, arrow_type(column.column.type), metadata=metadata)
