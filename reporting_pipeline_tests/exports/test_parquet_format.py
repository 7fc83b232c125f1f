"""Parquet: typed columns with metadata, the manifest inside, the same bytes each time."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable
from reporting_pipeline.exports.parquet_format import PARQUET
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.exports.documents import (
    EVERY_TYPE,
    ROWS,
    column,
    document,
    sha256_of,
    with_rows_missing,
)
from reporting_pipeline_tests.hostile import hostile_strings


def written(report: ReportDocument, folder: Path, name: str = "report.parquet") -> Path:
    target = folder / name
    PARQUET.refuse(report)
    PARQUET.write(report, target)
    return target


def test_columns_have_their_types_and_metadata(tmp_path: Path) -> None:
    schema = parquet.read_schema(written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path))

    assert [(field.name, str(field.type)) for field in schema] == [
        ("event_id", "string"),
        ("date", "date32[day]"),
        ("sold_at", "timestamp[us, tz=UTC]"),
        ("currency", "string"),
        ("gross_minor", "int64"),
        ("sold_count", "int64"),
        ("attendance_rate", "decimal128(12, 6)"),
        ("is_final", "bool"),
        ("name", "string"),
        ("proof_ids", "string"),
    ]
    facts = schema.field("gross_minor").metadata
    assert facts[b"reporting.label"] == b"Gross"
    assert facts[b"reporting.unit"] == b"minor"
    assert facts[b"reporting.kind"] == b"measure"
    assert facts[b"reporting.description"] == b"The gross_minor."


def test_the_example_for_notebooks_keeps_whole_numbers_whole(tmp_path: Path) -> None:
    section = (DOCS / "reports.md").read_text("utf-8").partition("## Reading one in a notebook")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {"path": written(document(tmp_path, EVERY_TYPE, ROWS), tmp_path)}

    exec(example, names)  # noqa: S102 - ours

    amounts: Counter[str] = Counter()
    for currency, gross in ((row[3], row[4]) for row in ROWS):
        if currency and gross:
            amounts[currency] += int(gross)
    assert {key: value for key, value in names["gross"].items() if value} == amounts
    assert str(names["report"]["gross_minor"].dtype) == "int64[pyarrow]"


def test_rows_come_back_with_their_digest(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)

    rows = list(PARQUET.read(written(report, tmp_path), report.manifest))

    assert rows == list(ROWS)
    assert sha256_of(rows) == report.manifest.rows_sha256


def test_the_manifest_is_inside(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)

    assert PARQUET.embedded_manifest(written(report, tmp_path)) == report.manifest


def test_hostile_texts_and_labels_come_back(tmp_path: Path) -> None:
    texts = hostile_strings()
    columns = [column(f"c{number}", label=text or None) for number, text in enumerate(texts)]
    report = document(tmp_path, columns, [texts])

    target = written(report, tmp_path)

    assert list(PARQUET.read(target, report.manifest)) == [texts]
    labels = [field.metadata[b"reporting.label"].decode() for field in parquet.read_schema(target)]
    assert labels == [each.header for each in columns]


def test_row_groups_have_one_size_and_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    rows = [(str(number),) for number in range(150_000)]
    report = document(tmp_path, [column("a")], rows)

    target = written(report, tmp_path)

    metadata = parquet.read_metadata(target)
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sizes == [65_536, 65_536, 18_928]
    assert written(report, tmp_path, "again").read_bytes() == target.read_bytes()
    assert list(PARQUET.read(target, report.manifest)) == rows


def test_no_rows_give_a_schema(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, [])

    target = written(report, tmp_path)

    assert parquet.read_table(target).num_rows == 0
    assert parquet.read_schema(target).names == [each.name for each in EVERY_TYPE]
    assert list(PARQUET.read(target, report.manifest)) == []


def test_a_file_that_lacks_rows_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(ExportIncomplete, match="6 of 7 rows"):
        PARQUET.write(
            with_rows_missing(document(tmp_path, EVERY_TYPE, ROWS)), tmp_path / "report.parquet"
        )

    assert not (tmp_path / "report.parquet").exists()


def test_a_file_that_is_no_such_parquet_is_refused(tmp_path: Path) -> None:
    report = document(tmp_path, [column("a")], [("1",)])
    whole = written(report, tmp_path).read_bytes()
    bad = tmp_path / "bad.parquet"

    for content in (b"", b"PAR1", whole[:-20], whole[:4] + bytes(30) + whole[34:]):
        bad.write_bytes(content)
        with pytest.raises(FileUnreadable, match=r"bad\.parquet is no Parquet file, or damaged"):
            list(PARQUET.read(bad, report.manifest))

    parquet.write_table(pa.table({"b": [1]}), bad)
    with pytest.raises(FileUnreadable, match="has the columns b, not a"):
        list(PARQUET.read(bad, report.manifest))
    with pytest.raises(FileUnreadable, match="holds no manifest"):
        PARQUET.embedded_manifest(bad)
