"""CSV for programs: a header and the spool's bytes, which every reader reads as the same rows."""

import csv
import io
from pathlib import Path
from typing import Literal

import pytest

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable, RenderFailed
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline_tests.exports.documents import (
    EVERY_TYPE,
    ROWS,
    column,
    document,
    sha256_of,
    with_rows_missing,
)
from reporting_pipeline_tests.hostile import hostile_strings


def written(report: ReportDocument, folder: Path) -> Path:
    target = folder / "report.csv"
    CSV.refuse(report)
    CSV.write(report, target)
    return target


def test_file_is_a_header_and_the_spool(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)

    content = written(report, tmp_path).read_bytes()

    header, _, rows = content.partition(b"\n")
    assert header == (
        b"event_id,date,sold_at,currency,gross_minor,sold_count,attendance_rate,is_final,"
        b"Name of the event,proof_ids"
    )
    assert rows == report.rows.path.read_bytes()


def test_rows_come_back_with_their_digest(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)

    rows = list(CSV.read(written(report, tmp_path), report.manifest))

    assert rows == list(ROWS)
    assert sha256_of(rows) == report.manifest.rows_sha256


def test_hostile_texts_and_labels_come_back_from_another_reader(tmp_path: Path) -> None:
    texts = hostile_strings()
    columns = [column(f"c{number}", label=text or None) for number, text in enumerate(texts)]
    report = document(tmp_path, columns, [texts, texts[::-1]])

    target = written(report, tmp_path)

    with io.StringIO(target.read_bytes().decode(), newline="") as stream:
        header, *rows = csv.reader(stream, strict=True)
    assert header == [each.machine_header for each in columns]
    assert rows == [list(texts), list(texts[::-1])]
    assert list(CSV.read(target, report.manifest)) == [texts, texts[::-1]]


@pytest.mark.parametrize("label", ["\ufeff", "\ufeffmark", '\ufeff"', "\\.", ""])
def test_a_label_is_the_first_header_exactly(tmp_path: Path, label: str) -> None:
    columns = [column("a", label=label), column("b")]
    content = written(document(tmp_path, columns, []), tmp_path).read_bytes()

    # The decoder `utf-8-sig` drops a byte order mark.
    [header] = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert header == [label or "a", "b"]


def test_a_null_in_the_only_column_is_a_row(tmp_path: Path) -> None:
    report = document(tmp_path, [column("a")], [(None,), ("",), (None,)])

    target = written(report, tmp_path)

    assert target.read_bytes() == b'a\n\n""\n\n'
    assert list(CSV.read(target, report.manifest)) == [(None,), ("",), (None,)]


def test_no_rows_are_a_header(tmp_path: Path) -> None:
    report = document(tmp_path, [column("a"), column("b")], [])

    target = written(report, tmp_path)

    assert target.read_bytes() == b"a,b\n"
    assert list(CSV.read(target, report.manifest)) == []


@pytest.mark.parametrize("profile", ["machine", "spreadsheet"])
def test_a_file_that_lacks_rows_is_not_left(
    tmp_path: Path, profile: Literal["machine", "spreadsheet"]
) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS, profile=profile)

    with pytest.raises(
        ExportIncomplete, match=r"the CSV would have \d+ of \d+ (rows|bytes); not published"
    ):
        CSV.write(with_rows_missing(report), tmp_path / "report.csv")

    assert not (tmp_path / "report.csv").exists()


def test_an_existing_file_is_not_touched(tmp_path: Path) -> None:
    target = tmp_path / "report.csv"
    target.write_text("mine")

    with pytest.raises(RenderFailed, match="File exists"):
        CSV.write(document(tmp_path, EVERY_TYPE, ROWS), target)

    assert target.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "Empty CSV file"),
        (b"a\n1\n", "Expected 2 columns, got 1"),
        (b"a,b\n1,2,3\n", "Expected 2 columns, got 3"),
        (b"b,a\n1,2\n", "a header of the file is 'b'"),
        ("a,b\n".encode("utf-16"), "invalid UTF8|Expected"),
        (b"PK\x03\x04", "Expected 2 columns"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    report = document(tmp_path, [column("a"), column("b")], [])
    target = tmp_path / "report.csv"
    target.write_bytes(content)

    with pytest.raises(FileUnreadable, match=complaint):
        list(CSV.read(target, report.manifest))
