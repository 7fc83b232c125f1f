"""Another version of a library makes another edition only where the file shows something else."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.exports.pdf import page_texts, pdf_format
from reporting_pipeline.exports.xlsx import workbook
from reporting_pipeline.publishing import publish
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = date(2025, 9, 10)


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


def test_a_file_that_is_packed_otherwise_stays_the_edition(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["xlsx"]})
    first = generator.generate_one(definition, one_day(DAY))
    before = {key: generator.file(key) for key in generator.store.list_keys()}
    monkeypatch.setattr(workbook, "_COMPRESSION_LEVEL", 1)
    generator.now += timedelta(days=40)

    again = generator.generate_one(definition, one_day(DAY))

    assert again == first
    assert {key: generator.file(key) for key in generator.store.list_keys()} == before
    generator.store.delete(first.storage_path or "")
    other = generator.generate_one(definition, one_day(DAY))
    assert (other.edition, other.file_sha256 != first.file_sha256) == (2, True)
    assert _causes(generator) == [(1, []), (2, ["rendering"])]


def test_pages_with_the_same_texts_stay_the_edition_and_others_are_the_next(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["pdf"]})
    first = generator.generate_one(definition, one_day(DAY))
    style = tmp_path / "report.css"
    style.write_text(pdf_format._STYLE.read_text() + "td { padding-left: 1.5pt }\n")
    monkeypatch.setattr(pdf_format, "_STYLE", style)

    assert generator.generate_one(definition, one_day(DAY)) == first

    monkeypatch.setattr(page_texts, "_day_text", lambda text, locale: f"{text} {locale}")
    other = generator.generate_one(definition, one_day(DAY))

    assert (other.edition, other.file_sha256 != first.file_sha256) == (2, True)
    assert _causes(generator) == [(1, []), (2, ["rendering"])]


def test_a_version_alone_changes_neither_the_file_nor_its_manifest(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["csv", "parquet"]})
    generator.generate(definition, one_day(DAY))
    before = {key: generator.file(key) for key in generator.store.list_keys()}
    [first, _] = generator.catalogue()
    manifest = generator.manifest(first.storage_path)
    assert manifest.made_with["time zones"].startswith("PostgreSQL 1")
    assert manifest.made_with["ISO 4217"] == "2026-01-01"
    monkeypatch.setattr(publish, "made_with", lambda *_, **__: {"CLDR": "46"})

    outcomes = generator.generate(definition, one_day(DAY))

    assert [(each.report.edition, each.is_new_edition) for each in outcomes] == [(1, False)] * 2
    assert {key: generator.file(key) for key in generator.store.list_keys()} == before


def _causes(generator: ReportGenerator) -> list[tuple[object, ...]]:
    return list(
        generator.query(
            "select edition, causes from catalogue.generated_report_editions order by edition"
        )
    )
