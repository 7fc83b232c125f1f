"""Each field of a published manifest is forged, alone: with the catalogue each forgery is found."""

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.verify.difference import DifferenceKind, Verification, Word
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.publishing.snapshot import platform_snapshot
from reporting_pipeline.publishing.verify_against_catalogue import compare_with_catalogue
from reporting_pipeline.publishing.verify_against_warehouse import verify_against_warehouse
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.exports.verify.forged_manifests import forgeries
from reporting_pipeline_tests.exports.verify.tampering import with_metadata
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

DAY = date(2025, 9, 10)
CONFIG: Any = REVENUE["config"]
DEFINITION = {
    **REVENUE,
    "formats": ["csv", "parquet", "xlsx"],
    "config": {
        **CONFIG,
        "terms": [{"term": "Gross", "meaning": "What buyers pay."}],
        "signatures": ["Organiser"],
    },
}


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


@pytest.fixture
def files(generator: ReportGenerator, tmp_path: Path) -> dict[str, Path]:
    """The published files, with their manifests beside them, by format."""
    found = {}
    for outcome in generator.generate(define(generator.warehouse, DEFINITION), one_day(DAY)):
        key = outcome.report.storage_path or ""
        path = tmp_path / key.rpartition("/")[2]
        path.write_bytes(generator.file(key))
        beside(path).write_bytes(generator.file(key + MANIFEST_SUFFIX))
        found[outcome.report.format] = path
    return found


def beside(path: Path) -> Path:
    return path.with_name(path.name + MANIFEST_SUFFIX)


def verified(
    generator: ReportGenerator, path: Path, manifest: Manifest | None = None
) -> Verification:
    return verify_against_warehouse(generator.warehouse, path, verify_file(path, manifest))


def test_an_untouched_file_is_as_published_and_nothing_is_unproven(
    generator: ReportGenerator, files: dict[str, Path]
) -> None:
    for path in files.values():
        found = verified(generator, path)
        assert [str(each) for each in found.differences] == []
        assert (found.word, found.unproven) == (Word.AS_PUBLISHED, ())
        proofs = {each.what: each.value for each in found.proofs}
        assert proofs["manifest in the catalogue"] == "edition 1, the current one"


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_each_forged_field_differs_from_the_catalogue(
    format_: str, generator: ReportGenerator, files: dict[str, Path]
) -> None:
    """The file is what it was; the forger also removes what contradicts him inside the file."""
    path = files[format_]
    true = read_manifest(beside(path))
    count = 0
    with warehouse_connection(generator.warehouse) as connection, platform_snapshot(connection):
        for what, forged in forgeries(true):
            offline = verify_file(path, forged)
            compared = compare_with_catalogue(connection, offline)
            assert compared.differences, what
            count += 1
    assert count > 100


def test_forged_fields_that_change_what_is_read_end_with_a_difference_not_with_an_error(
    generator: ReportGenerator, files: dict[str, Path]
) -> None:
    path = files["csv"]
    chosen = ("period", "definition", "organization", "columns = ", "totals = ", "seals", "filters")
    for what, forged in forgeries(read_manifest(beside(path))):
        if what.startswith(chosen):
            assert verified(generator, path, forged).word is Word.DIFFERENT, what


def test_a_forger_who_changes_file_and_manifest_alike_is_found(
    generator: ReportGenerator, files: dict[str, Path]
) -> None:
    path = files["parquet"]
    organization = {"id": "00000009-0000-4000-8000-000000000009", "name": "Another hall"}
    forged = json.loads(beside(path).read_text())
    forged["organization"] = organization
    inside = {name: each for name, each in forged.items() if name not in {"file", "made_with"}}
    with_metadata(path, Manifest.of_json(json.dumps(inside)).to_json())
    content = path.read_bytes()
    forged["file"] |= {
        "byte_count": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    beside(path).write_text(json.dumps(forged))

    assert verify_file(path).word is Word.CONSISTENT
    found = verified(generator, path)

    assert found.word is Word.DIFFERENT
    assert "the catalogue has no edition of revenue of Another hall" in str(found.differences[0])
    beside(path).unlink()
    assert verified(generator, path).word is Word.DIFFERENT


def test_a_file_that_another_program_saved_is_found_by_its_bytes(
    generator: ReportGenerator, files: dict[str, Path]
) -> None:
    path = files["parquet"]
    beside(path).unlink()
    with_metadata(path, verify_file(path).manifest.to_json())

    found = verified(generator, path)

    assert [each.kind for each in found.differences] == [DifferenceKind.FILE]
    assert "no edition has these bytes: edition 1 of revenue" in found.differences[0].message


def test_the_manifest_of_another_day_is_found(
    generator: ReportGenerator, files: dict[str, Path], tmp_path: Path
) -> None:
    """Files without rows have the same bytes on every day of every organisation."""
    definition = define(
        generator.warehouse,
        {**REVENUE, "slug": "empty", "formats": ["csv"]},
    )
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    paths = []
    for day in days:
        [outcome] = generator.generate(definition, one_day(day), ReportFormat.CSV)
        key = outcome.report.storage_path or ""
        assert outcome.report.row_count == 0
        path = tmp_path / f"{day}.csv"
        path.write_bytes(generator.file(key))
        beside(path).write_bytes(generator.file(key + MANIFEST_SUFFIX))
        paths.append(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for path in paths:
        assert verified(generator, path).word is Word.AS_PUBLISHED
    forged = json.loads(beside(paths[0]).read_text())
    forged["organization"]["name"] = "Another hall"
    beside(paths[1]).write_text(json.dumps(forged))
    shutil.copy(files["csv"], tmp_path / "other.csv")

    [found] = verified(generator, paths[1]).differences

    assert found.message.startswith("organisation: the catalogue has id=")
