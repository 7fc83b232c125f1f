"""Amounts of currencies that ISO 4217 has withdrawn are shown in major units, like all others."""

import csv
import io
from datetime import date
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.report_definitions.files import for_organizations, read_folder
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.readers import pdf_text
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.sample_reports import NOW, ReportGenerator

_CASE = CASES / "withdrawn_currency"
_ORGANIZATION = UUID("791f8965-a116-43a8-9bfc-4228da3fa609")
_DECEMBER = Period(first=date(2025, 12, 1), end=date(2026, 1, 1))
# Each order is 12345 minor units.
_AMOUNTS = {
    **dict.fromkeys(("BGN", "HRK", "ANG", "XCG", "EUR", "HUF", "MGA"), "123.45"),
    **dict.fromkeys(("JPY", "ISK", "UGX"), "12345"),
    "KWD": "12.345",
    "CLF": "1.2345",
}
_DIGITS = {code: len(text.partition(".")[2]) for code, text in _AMOUNTS.items()}


@pytest.fixture(scope="module")
def files(shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The published file of each format, with its manifest beside it."""
    load_dump(_CASE / "dump", shared_pipeline.sources)
    shared_pipeline.land()
    shared_pipeline.build_all()
    shared_pipeline.seal_all()
    folder = tmp_path_factory.mktemp("files")
    generator = ReportGenerator(
        warehouse=shared_pipeline.warehouse, store=open_store(str(folder / "store"))
    )
    declared = for_organizations(read_folder(_CASE / "definitions"), [_ORGANIZATION])
    with warehouse_connection(shared_pipeline.warehouse) as connection:
        [applied] = apply_definitions(connection, declared, NOW)
    outcomes = generator.generate(applied.definition, _DECEMBER)
    assert {each.report.status for each in outcomes} == {"ready"}
    found = {}
    for each in outcomes:
        key = each.report.storage_path or ""
        path = folder / key.rpartition("/")[2]
        path.write_bytes(generator.file(key))
        beside = generator.file(key + MANIFEST_SUFFIX)
        path.with_name(path.name + MANIFEST_SUFFIX).write_bytes(beside)
        found[each.report.format] = path
    return found


def test_spreadsheet_csv_shows_major_units(files: dict[str, Path]) -> None:
    text = files["csv"].read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))

    shown = {(row["Währung"], row["Brutto"]) for row in rows}

    assert shown == {(code, text.replace(".", ",")) for code, text in _AMOUNTS.items()}


def test_xlsx_shows_major_units_with_the_currencys_decimals(files: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(files["xlsx"])["Data"]
    [header, *rows] = sheet.iter_rows(min_row=5)  # below title, organisation, period
    names = [cell.value for cell in header]
    code, gross = names.index("Währung"), names.index("Brutto")

    shown = {
        (row[code].value, row[gross].value, row[gross].number_format)
        for row in rows
        if row[code].value in _AMOUNTS and row[0].is_date
    }

    assert shown == {
        (code, float(text), "#,##0." + "0" * _DIGITS[code] if _DIGITS[code] else "#,##0")
        for code, text in _AMOUNTS.items()
    }


def test_the_page_shows_major_units(files: dict[str, Path]) -> None:
    text = pdf_text(files["pdf"])

    for code, amount in _AMOUNTS.items():
        whole, _, decimals = amount.partition(".")
        of_locale = f"{int(whole):,}".replace(",", ".") + (f",{decimals}" if decimals else "")
        assert f"{code}{of_locale}" in text, code


def test_every_file_agrees_with_its_manifest(files: dict[str, Path]) -> None:
    assert {name: verify_file(path).differences for name, path in files.items()} == dict.fromkeys(
        files, ()
    )
