"""Publishing with a key: files are authentic, and a key alone makes no edition."""

from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.exports.verify.difference import Verification, Word
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.exports.xlsx import workbook
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = date(2025, 9, 10)
FIRST, SECOND = Signer.new(), Signer.new()
FORMATS = ["csv", "xlsx", "pdf", "parquet", "jsonl"]
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse,
        store=open_store(str(tmp_path / "store")),
        signer=FIRST,
    )


def publish(generator: ReportGenerator) -> dict[str, tuple[int, str]]:
    """The edition and the key of each file of a day's report, by format."""
    definition = define(generator.warehouse, {**REVENUE, "formats": FORMATS})
    return {
        each.report.format: (each.report.edition, each.report.storage_path or "")
        for each in generator.generate(definition, one_day(DAY))
    }


def fetched(generator: ReportGenerator, key: str, folder: Path, *, alone: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / key.rpartition("/")[2]
    path.write_bytes(generator.file(key))
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    beside.unlink(missing_ok=True)
    if not alone:
        beside.write_bytes(generator.file(key + MANIFEST_SUFFIX))
    return path


def verified(path: Path, *signers: Signer) -> Verification:
    return verify_file(path, None, [each.public_key for each in signers])


def contents(generator: ReportGenerator, suffix: str = "") -> dict[str, bytes]:
    return {
        key: generator.file(key)
        for key in generator.store.list_keys()
        if key.endswith(MANIFEST_SUFFIX) == bool(suffix)
    }


def test_published_files_are_authentic_and_the_same_key_gives_the_same_bytes(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    published = publish(generator)
    before = contents(generator), contents(generator, MANIFEST_SUFFIX)

    assert publish(generator) == published
    assert (contents(generator), contents(generator, MANIFEST_SUFFIX)) == before
    for _, key in published.values():
        path = fetched(generator, key, tmp_path / "fetched")
        found = verified(path, FIRST)
        assert (found.word, found.unproven) == (Word.AUTHENTIC, ())
        against = verify_against_warehouse(generator.warehouse, path, found)
        assert (against.word, against.is_in_catalogue) == (Word.AUTHENTIC, True)
        assert verified(path, SECOND).word is Word.NOT_AUTHENTIC


def test_a_rotated_key_makes_no_edition_and_signs_the_manifests_beside_the_files(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    published = publish(generator)
    before = contents(generator)
    generator.signer = SECOND

    assert publish(generator) == published

    assert contents(generator) == before
    for _, key in published.values():
        path = fetched(generator, key, tmp_path / "fetched")
        assert verified(path, SECOND).word is Word.AUTHENTIC
        assert verified(path, FIRST).word is Word.NOT_AUTHENTIC
        assert verify_against_warehouse(
            generator.warehouse, path, verify_file(path)
        ).is_in_catalogue
    alone = fetched(generator, published["xlsx"][1], tmp_path / "alone", alone=True)
    assert verified(alone, FIRST).word is Word.AUTHENTIC
    assert verified(alone, SECOND).word is Word.NOT_AUTHENTIC


def test_a_first_key_makes_no_edition_and_the_next_edition_is_signed_inside(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    generator.signer = None
    published = publish(generator)
    before = contents(generator)
    assert all(b"digital_signature" not in each for each in contents(generator, "x").values())
    generator.signer = FIRST

    assert publish(generator) == published

    assert contents(generator) == before
    path = fetched(generator, published["pdf"][1], tmp_path / "fetched")
    assert verified(path, FIRST).word is Word.AUTHENTIC
    generator.query(SHIFT, DAY)
    generator.query("delete from reporting.seal_objections")
    again = publish(generator)
    alone = fetched(generator, again["xlsx"][1], tmp_path / "alone", alone=True)
    assert {edition for edition, _ in again.values()} == {2}
    assert verified(alone, FIRST).word is Word.AUTHENTIC


def test_a_removed_key_changes_nothing_that_is_published(generator: ReportGenerator) -> None:
    published = publish(generator)
    before = contents(generator), contents(generator, MANIFEST_SUFFIX)
    generator.signer = None

    assert publish(generator) == published

    assert (contents(generator), contents(generator, MANIFEST_SUFFIX)) == before


def test_a_file_that_another_library_packs_otherwise_stays_and_is_signed_again(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    published = publish(generator)
    before = contents(generator)
    monkeypatch.setattr(workbook, "_COMPRESSION_LEVEL", 1)
    generator.signer = SECOND

    assert publish(generator) == published

    assert contents(generator) == before
    path = fetched(generator, published["xlsx"][1], tmp_path / "fetched")
    assert verified(path, SECOND).word is Word.AUTHENTIC
