"""`reporting verify`: what a person reads, and the exit code."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.exports.xlsx.xlsx_format import XLSX
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, ROWS, document
from reporting_pipeline_tests.exports.xlsx.packages import DATA, edited, replaced
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = date(2025, 9, 10)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)])


def test_what_was_proven_is_listed(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    XLSX.write(report, tmp_path / "report.xlsx")

    result = run(tmp_path / "report.xlsx")

    assert result.exit_code == 0, result.output
    assert [line.rstrip() for line in result.output.splitlines()] == [
        "Daily sales, version 1, Halle, 2026-10-25",
        "report.xlsx is proven:",
        "what                 found as expected",
        "manifest inside      agrees with the rows",
        "rows                 6",
        f"SHA-256 of the rows  {report.manifest.rows_sha256}",
    ]


def test_differences_are_listed_and_the_exit_code_is_one(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    stamped = report.manifest.model_copy(update={"is_provisional": True})
    XLSX.write(replace(report, manifest=stamped), tmp_path / "report.xlsx")
    edited(tmp_path / "report.xlsx", DATA, replaced("<v>1234.56</v>", "<v>1234.567</v>"))

    result = run(tmp_path / "report.xlsx")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Daily sales, version 1, Halle, 2026-10-25, PROVISIONAL",
        "report.xlsx is NOT what was published:",
        "  cell: sheet PROVISIONAL Data, cell E2, column 'gross_minor': "
        "1234.567, which EUR has no minor unit for",
    ]


def test_many_differences_are_counted(tmp_path: Path) -> None:
    columns = [replace(EVERY_TYPE[8], label=f"label {number}") for number in range(30)]
    report = document(tmp_path, columns, [])
    XLSX.write(report, tmp_path / "report.xlsx")
    edited(tmp_path / "report.xlsx", DATA, lambda content: content.replace(b"label", b"Label"))

    result = run(tmp_path / "report.xlsx")

    assert result.output.splitlines()[-1] == "  and 10 more"


def test_a_manifest_from_elsewhere_is_taken(tmp_path: Path) -> None:
    report = document(tmp_path, EVERY_TYPE, ROWS)
    CSV.write(report, tmp_path / "report.csv")
    (tmp_path / "proof.json").write_text(report.manifest.to_json())

    assert run(tmp_path / "report.csv").exit_code == 1
    assert "has no manifest" in run(tmp_path / "report.csv").output
    result = run(tmp_path / "report.csv", "--manifest", tmp_path / "proof.json")
    assert result.exit_code == 0, result.output


@pytest.mark.usefixtures("environment")
def test_a_file_is_compared_with_the_warehouse(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = season_pipeline.warehouse.render_as_string(hide_password=False)
    monkeypatch.setenv("REPORTING_DATABASE_URL", address)
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    generator = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    [outcome] = generator.generate(
        define(generator.warehouse, REVENUE), one_day(DAY), ReportFormat.CSV
    )
    file = tmp_path / "store" / (outcome.report.storage_path or "")

    result = run(file, "--against-warehouse")

    assert result.exit_code == 0, result.output
    assert "the same, cell by cell" in result.output

    file.write_text(file.read_text().replace("45600", "45601"))
    result = run(file, "--against-warehouse")
    assert result.exit_code == 1
    assert result.output.splitlines()[2] == (
        "  cell: row 1, column 'gross_minor': expected 456.00 EUR, found 456.01 EUR"
    )
    assert (file.parent / f"{file.name}{MANIFEST_SUFFIX}").exists()
