"""A file's own name is fixed when its report is first published, and belongs to one report."""

from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import FileExists, FileLost
from reporting_pipeline.exports.verify.difference import Word
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.publishing.download import save
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import (
    BERLIN,
    REVENUE,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 9, 10)
EVENT = UUID("00000002-0000-4000-8000-000000000001")
RENAME = "update landing.ticketing_organizations set name = %s"
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    generator = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )
    generator.query(RENAME, "Lindenhof Konzerte")
    return generator


def test_a_name_says_whose_report_of_what_and_when(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["csv", "xlsx"]})
    of_event = Period(first=None, end=date(2025, 10, 27), event_id=EVENT)
    generator.query("update landing.ticketing_events set name = 'Winter / Gala'")

    names = {
        str(period): [each.report.file_name for each in generator.generate(definition, period)]
        for period in (one_day(DAY), of_event)
    }

    assert names == {
        "2025-09-10": [
            "Lindenhof Konzerte - Revenue, by day - 2025-09-10.csv",
            "Lindenhof Konzerte - Revenue, by day - 2025-09-10.xlsx",
        ],
        "to 2025-10-26": [
            "Lindenhof Konzerte - Revenue, by day - Winter - Gala - to 2025-10-26.csv",
            "Lindenhof Konzerte - Revenue, by day - Winter - Gala - to 2025-10-26.xlsx",
        ],
    }


def test_a_renaming_changes_no_name_and_no_key_of_a_published_report(
    generator: ReportGenerator,
) -> None:
    definition = define(generator.warehouse, REVENUE)
    first = generator.generate_one(definition, one_day(DAY))
    generator.query(RENAME, "Another Name")
    later = {**REVENUE, "name": "Takings", "formats": ["csv", "jsonl"]}
    definition = define(generator.warehouse, later)
    generator.query(SHIFT, DAY)

    csv, jsonl = (each.report for each in generator.generate(definition, one_day(DAY)))
    next_day = generator.generate(definition, one_day(DAY + timedelta(days=1)))

    assert csv.edition == 2
    assert (csv.file_name, csv.storage_path) == (first.file_name, first.storage_path)
    assert jsonl.file_name == "Lindenhof Konzerte - Revenue, by day - 2025-09-10.jsonl"
    assert next_day[0].report.file_name == "Another Name - Takings - 2025-09-11.csv"


def test_two_reports_never_have_the_same_name(generator: ReportGenerator) -> None:
    generator.query(RENAME, "LINDENHOF konzerte")
    files = [
        generator.generate_one(define(generator.warehouse, REVENUE, owner), one_day(DAY)).file_name
        for owner in (BERLIN, TOKYO)
    ]

    assert files[0] == "LINDENHOF konzerte - Revenue, by day - 2025-09-10.csv"
    assert files[1] is not None
    assert files[1].startswith("LINDENHOF konzerte - Revenue, by day - 2025-09-10 (")
    assert len(files[1]) == len(files[0] or "") + len(" (01234567)")


def test_the_name_changes_no_byte_of_a_file_and_is_in_the_manifest_beside_it(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    definition = define(generator.warehouse, {**REVENUE, "formats": ["xlsx"]})
    report = generator.generate_one(definition, one_day(DAY))
    former = generator.file(report.storage_path)
    generator.query(
        "update catalogue.report_names set name = %s, compared = 'another'", "Another - 2025-09-10"
    )
    again = generator.generate_one(definition, one_day(DAY))

    assert generator.file(report.storage_path) == former
    assert again.edition == 1
    manifest = generator.manifest(report.storage_path)
    assert manifest.file is not None
    assert manifest.file.download_name == "Another - 2025-09-10.xlsx"
    assert "download_name" not in manifest.within_file().to_json()


def test_a_saved_file_is_verified_under_its_own_name(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    report = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))

    saved = save(generator.store, report, tmp_path, is_overwriting=False)

    assert saved.path == tmp_path / "Lindenhof Konzerte - Revenue, by day - 2025-09-10.csv"
    assert saved.is_new
    found = verify_file(saved.path)
    assert found.word is Word.CONSISTENT
    assert "file.download_name" in found.unproven
    proven = verify_against_warehouse(generator.warehouse, saved.path, found)
    assert proven.word is Word.AS_PUBLISHED
    assert proven.unproven == ()
    assert not save(generator.store, report, tmp_path, is_overwriting=False).is_new
    assert {each.name for each in tmp_path.iterdir()} == {
        "store",
        saved.path.name,
        f"{saved.path.name}.manifest.json",
    }


def test_a_file_of_the_same_name_is_replaced_only_on_request(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    report = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    own = tmp_path / (report.file_name or "")
    own.write_text("my own work", encoding="utf-8")

    with pytest.raises(FileExists, match="--overwrite"):
        save(generator.store, report, tmp_path, is_overwriting=False)
    assert own.read_text(encoding="utf-8") == "my own work"
    save(generator.store, report, tmp_path, is_overwriting=True)
    assert own.read_bytes() == generator.file(report.storage_path)


def test_an_altered_file_is_not_saved(generator: ReportGenerator, tmp_path: Path) -> None:
    report = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    generator.store.put(report.storage_path or "", [b"altered"])
    folder = tmp_path / "out"
    folder.mkdir()

    with pytest.raises(FileLost, match="is altered: expected SHA-256"):
        save(generator.store, report, folder, is_overwriting=True)
    assert list(folder.iterdir()) == []
