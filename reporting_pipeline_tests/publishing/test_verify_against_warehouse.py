"""Verifying against the warehouse names the first differing cell and errors of the ledger."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.exports.verify.difference import DifferenceKind, Verification
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.exports.xlsx.packages import DATA, edited, replaced
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = date(2025, 9, 10)  # EUR 456.00 gross, 186.50 refunded
WEEK = Period(first=date(2025, 9, 8), end=date(2025, 9, 15))
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


def published(
    generator: ReportGenerator, period: Period, format_: ReportFormat, folder: Path
) -> Path:
    """A published file in a local folder, with its manifest."""
    [outcome] = generator.generate(
        define(generator.warehouse, REVENUE), period, format_, is_provisional_allowed=True
    )
    key = outcome.report.storage_path or ""
    path = folder / key.rpartition("/")[2]
    path.write_bytes(generator.file(key))
    path.with_name(path.name + MANIFEST_SUFFIX).write_bytes(generator.file(key + MANIFEST_SUFFIX))
    return path


def verified(generator: ReportGenerator, path: Path) -> Verification:
    return verify_against_warehouse(generator.warehouse, path, verify_file(path))


@pytest.mark.parametrize("format_", [ReportFormat.CSV, ReportFormat.XLSX])
def test_an_unchanged_file_is_as_published(
    generator: ReportGenerator, format_: ReportFormat, tmp_path: Path
) -> None:
    found = verified(generator, published(generator, WEEK, format_, tmp_path))

    assert found.differences == ()
    assert [(each.what, each.value) for each in found.proofs[-2:]] == [
        ("rows of the warehouse", "the same, cell by cell"),
        ("checks of these days", "no error"),
    ]


def test_a_changed_digit_is_named_in_its_cell(generator: ReportGenerator, tmp_path: Path) -> None:
    path = published(generator, one_day(DAY), ReportFormat.XLSX, tmp_path)
    edited(path, DATA, replaced("<v>456.00</v>", "<v>465.00</v>"))

    first, *others = verified(generator, path).differences

    assert str(first) == (
        "cell: sheet Data, row 6, column 'gross_minor': expected 456.00 EUR, found 465.00 EUR"
    )
    assert {each.kind for each in others} == {
        *(DifferenceKind.FILE, DifferenceKind.TOTAL, DifferenceKind.ROWS_DIGEST),
    }


def test_a_removed_row_is_named_by_its_key(generator: ReportGenerator, tmp_path: Path) -> None:
    path = published(generator, WEEK, ReportFormat.CSV, tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], *lines[3:]]))

    first, *_ = verified(generator, path).differences

    day, event, *_ = lines[2].split(",")
    assert str(first).startswith(f"row: row 2: a row is missing before it: date {day}, event_id ")
    assert event in str(first)


def test_a_later_change_of_the_warehouse_differs_from_a_changed_file(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    path = published(generator, one_day(DAY), ReportFormat.CSV, tmp_path)
    generator.query(SHIFT, DAY)

    cell, since, ledger = verified(generator, path).differences

    assert cell.message == "row 1, column 'gross_minor': expected 456.01 EUR, found 456.00 EUR"
    assert since.message.startswith("the file is as it was published")
    assert ledger.kind is DifferenceKind.LEDGER
    assert "revenue_equals_entries" in ledger.message


def test_errors_of_other_days_do_not_matter(generator: ReportGenerator, tmp_path: Path) -> None:
    path = published(generator, one_day(DAY), ReportFormat.CSV, tmp_path)
    generator.query(SHIFT, DAY + timedelta(days=1))

    assert verified(generator, path).agrees


def test_another_version_of_the_definition_is_found(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    path = published(generator, one_day(DAY), ReportFormat.CSV, tmp_path)
    offline = verify_file(path)
    definition = offline.manifest.definition.model_copy(update={"version": 9})
    other = offline.manifest.model_copy(update={"definition": definition})
    path.with_name(path.name + MANIFEST_SUFFIX).write_text(other.to_json())

    found = [str(each) for each in verified(generator, path).differences]
    assert found[0].startswith("manifest: definition: the catalogue has id=")
    assert "version=9" in found[0]
