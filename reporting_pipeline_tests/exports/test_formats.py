"""Every export format: listed everywhere, and its files come back with their rows and manifest."""

import re
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import FileUnreadable, FormatCannotHold
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.formats import FORMATS, format_of
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.exports.documents import column, document

EACH_FORMAT = pytest.mark.parametrize("format_", FORMATS.values(), ids=lambda each: each.name)
COLUMNS = (
    column("name"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)
ROWS = [('a, "b"\n=1', "EUR", "100"), ("", "JPY", "-5"), (None, None, None)]
_CHECKED_FORMATS = """
    select pg_get_constraintdef(oid) from pg_constraint
    where contype = 'c' and pg_get_constraintdef(oid) like '%%(format = ANY%%'
"""


def test_definitions_can_name_each_format() -> None:
    assert list(FORMATS) == list(ReportFormat)
    assert len({each.media_type for each in FORMATS.values()}) == len(FORMATS)


def test_the_catalogue_and_the_requests_accept_each_format(warehouse_url: URL) -> None:
    with warehouse_connection(warehouse_url) as connection:
        checks = connection.execute(_CHECKED_FORMATS).fetchall()

    assert [set(re.findall(r"'(\w+)'::text", check)) for (check,) in checks] == [set(FORMATS)] * 2


@EACH_FORMAT
def test_the_documentation_describes_each_format_with_its_limits(format_: Format) -> None:
    text = (DOCS / "reports.md").read_text("utf-8")
    rows = [row for row in text.splitlines() if f"`{format_.name}`" in row.partition("|")[2][:40]]

    assert rows
    max_rows, max_length = format_.max_rows, format_.max_text_length
    limits = ["any number of rows" if max_rows is None else f"{max_rows:,} rows"]
    limits += [] if max_length is None else [f"texts of up to {max_length:,} characters"]
    assert [limit for row in rows for limit in limits if limit not in row] == []


@EACH_FORMAT
def test_a_file_is_recognised_by_its_name_and_by_its_first_bytes(
    format_: Format, tmp_path: Path
) -> None:
    named, nameless = tmp_path / f"report{format_.suffix.upper()}", tmp_path / "report"
    format_.write(document(tmp_path, COLUMNS, ROWS), named)

    assert format_of(named) is format_
    nameless.write_bytes(named.read_bytes())
    if format_.first_bytes:
        assert format_of(nameless) is format_
    else:
        with pytest.raises(FileUnreadable, match="ends in none of csv, xlsx"):
            format_of(nameless)


@EACH_FORMAT
@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "empty"])
def test_rows_and_manifest_come_back_and_no_problem_is_found(
    format_: Format, rows: list[tuple[str | None, ...]], tmp_path: Path
) -> None:
    report = document(tmp_path, COLUMNS, rows)
    target = tmp_path / f"report{format_.suffix}"
    problems: list[str] = []

    format_.refuse(report)
    format_.write(report, target)

    assert list(format_.read(target, report.manifest, problems.append)) == rows
    assert problems == []
    embedded = report.manifest if format_.embeds_manifest else None
    assert format_.embedded_manifest(target) == embedded


@EACH_FORMAT
def test_the_same_report_gives_the_same_bytes(format_: Format, tmp_path: Path) -> None:
    report = document(tmp_path, COLUMNS, ROWS)

    format_.write(report, tmp_path / "one")
    format_.write(report, tmp_path / "other")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@EACH_FORMAT
def test_a_report_beyond_the_limits_of_a_format_is_refused(format_: Format, tmp_path: Path) -> None:
    if format_.max_rows is not None:
        too_many = document(tmp_path, COLUMNS, ROWS[:1] * (format_.max_rows + 1))
        with pytest.raises(FormatCannotHold, match=f"up to {format_.max_rows} rows"):
            format_.refuse(too_many)
    if format_.max_text_length is not None:
        too_long = document(tmp_path, COLUMNS, [("x" * (format_.max_text_length + 1), None, None)])
        with pytest.raises(FormatCannotHold, match=f"holds {format_.max_text_length}"):
            format_.write(too_long, tmp_path / "report")
