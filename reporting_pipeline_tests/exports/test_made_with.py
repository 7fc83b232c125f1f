"""The versions beside a file name everything outside the report that its bytes can depend on."""

from importlib.metadata import version

from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.made_with import differing_versions, made_with
from reporting_pipeline.exports.pdf.fonts import fonts_digest
from reporting_pipeline.report_definitions.definition import ReportFormat


def test_files_for_people_name_the_tables_that_they_show_values_by() -> None:
    pdf = made_with(FORMATS[ReportFormat.PDF], database="PostgreSQL 18.6")

    assert pdf["CLDR"].endswith(f"(Babel {version('babel')})")
    assert pdf["ISO 4217"] == "2026-01-01"
    assert pdf["fonts"] == fonts_digest()
    assert pdf["time zones"] == "PostgreSQL 18.6"
    assert {"weasyprint", "pikepdf", "fonttools"} < set(pdf)


def test_files_for_programs_name_only_what_writes_them() -> None:
    found = made_with(FORMATS[ReportFormat.PARQUET], database="PostgreSQL 18.6")

    assert set(found) == {"rendering", "time zones", "pyarrow"}


def test_an_archive_names_what_packs_it() -> None:
    assert "zlib" in made_with(FORMATS[ReportFormat.CSV], database="", is_archive=True)
    assert "zlib" not in made_with(FORMATS[ReportFormat.CSV], database="")


def test_only_versions_that_differ_are_named() -> None:
    former, new = {"CLDR": "45", "pyarrow": "26", "zlib": "1"}, {"CLDR": "46", "pyarrow": "26"}

    assert differing_versions(former, new) == ["CLDR 45 -> 46", "zlib 1 -> none"]
