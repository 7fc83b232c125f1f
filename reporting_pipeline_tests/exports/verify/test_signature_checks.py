"""Verifying with public keys: a file is authentic, or one sentence says why it is not."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import Manifest, SignaturePart
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.exports.verify.difference import DifferenceKind, Word
from reporting_pipeline.exports.verify.verify_file import read_manifest, verify_file
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.exports.verify.forged_manifests import forgeries
from reporting_pipeline_tests.exports.verify.tampering import with_metadata
from reporting_pipeline_tests.exports.verify.test_forged_manifests import (
    beside,
    of_blocks,
    plain,
    write,
)

SIGNER, OTHER = Signer.new(), Signer.new()
TRUSTED = (SIGNER.public_key,)


def signed_file(
    format_name: ReportFormat, folder: Path, signer: Signer = SIGNER, *, has_blocks: bool = False
) -> Path:
    """A file of a report that is signed inside and beside."""
    report = (of_blocks if has_blocks else plain)(folder / "rows")
    path = write(replace(report, manifest=signer.signed(report.manifest)), format_name, folder)
    manifest = signer.signed_beside(read_manifest(beside(path)))
    beside(path).write_text(manifest.to_json())
    return path


@pytest.mark.parametrize("has_blocks", [False, True])
@pytest.mark.parametrize("format_name", list(FORMATS))
def test_a_signed_file_is_authentic_and_nothing_is_unproven(
    format_name: ReportFormat, has_blocks: bool, tmp_path: Path
) -> None:
    path = signed_file(format_name, tmp_path, has_blocks=has_blocks)

    found = verify_file(path, None, TRUSTED)

    assert [str(each) for each in found.differences] == []
    assert (found.word, found.unproven) == (Word.AUTHENTIC, ())
    assert found.signed_by == SIGNER.public_key.id
    assert verify_file(path).word is Word.CONSISTENT
    assert verify_file(path, None, (OTHER.public_key, *TRUSTED)).word is Word.AUTHENTIC


@pytest.mark.parametrize("format_name", ["xlsx", "pdf", "parquet"])
def test_a_file_that_travels_alone_is_authentic_in_its_rows(
    format_name: ReportFormat, tmp_path: Path
) -> None:
    path = signed_file(format_name, tmp_path)
    beside(path).unlink()

    found = verify_file(path, None, TRUSTED)

    assert found.word is Word.AUTHENTIC
    assert found.unproven == ("file",)
    assert found.proofs[0].value.endswith("the manifest inside, and the rows")


def _strip(manifest: Manifest) -> Manifest:
    return manifest.unsigned


def _strip_beside(manifest: Manifest) -> Manifest:
    signature = manifest.digital_signature
    return manifest.unsigned.model_copy(update={"digital_signature": signature})


def _move_inside_to_beside(manifest: Manifest) -> Manifest:
    assert manifest.file is not None
    file = manifest.file.model_copy(update={"digital_signature": manifest.digital_signature})
    return manifest.model_copy(update={"file": file})


def _by_another_key(manifest: Manifest) -> Manifest:
    return OTHER.signed_beside(manifest)


def _under_a_false_name(manifest: Manifest) -> Manifest:
    forged = OTHER.signed_beside(manifest)
    assert forged.file is not None
    assert forged.file.digital_signature is not None
    part = forged.file.digital_signature.model_copy(update={"key_id": SIGNER.public_key.id})
    file = forged.file.model_copy(update={"digital_signature": part})
    return forged.model_copy(update={"file": file})


def _not_base64(manifest: Manifest) -> Manifest:
    assert manifest.file is not None
    part = SignaturePart(key_id=SIGNER.public_key.id, value="§")
    return manifest.model_copy(
        update={"file": manifest.file.model_copy(update={"digital_signature": part})}
    )


@pytest.mark.parametrize(
    ("forge", "message"),
    [
        (_strip, "the manifest beside the file is not signed"),
        (_strip_beside, "the manifest beside the file is not signed"),
        (_move_inside_to_beside, "is not one of the manifest beside the file"),
        (_by_another_key, "and the keys that you trust: "),
        (_under_a_false_name, "is not one of the manifest beside the file"),
        (_not_base64, "is not one of the manifest beside the file"),
    ],
)
def test_a_missing_foreign_or_moved_signature_is_refused_in_one_sentence(
    forge: Callable[[Manifest], Manifest], message: str, tmp_path: Path
) -> None:
    path = signed_file(ReportFormat.CSV, tmp_path)
    beside(path).write_text(forge(read_manifest(beside(path))).to_json())

    found = verify_file(path, None, TRUSTED)

    assert found.word is Word.NOT_AUTHENTIC
    [difference] = found.differences
    assert difference.kind is DifferenceKind.SIGNATURE
    assert message in difference.message


def test_every_forged_field_of_a_signed_manifest_is_refused(tmp_path: Path) -> None:
    path = signed_file(ReportFormat.CSV, tmp_path)
    for what, forged in forgeries(read_manifest(beside(path))):
        found = verify_file(path, forged, TRUSTED)
        kinds = [each.kind for each in found.differences]
        assert DifferenceKind.SIGNATURE in kinds, what


def test_every_forged_field_inside_a_file_is_refused(tmp_path: Path) -> None:
    path = signed_file(ReportFormat.PARQUET, tmp_path)
    true = read_manifest(beside(path)).within_file()
    beside(path).unlink()
    for what, forged in forgeries(true):
        with_metadata(path, forged.to_json())
        assert verify_file(path, None, TRUSTED).word in {Word.DIFFERENT, Word.NOT_AUTHENTIC}, what


def test_the_signature_of_another_file_is_refused(tmp_path: Path) -> None:
    first = signed_file(ReportFormat.CSV, tmp_path / "first")
    second = signed_file(ReportFormat.JSONL, tmp_path / "second")
    signature = read_manifest(beside(second)).file
    manifest = read_manifest(beside(first))
    assert manifest.file is not None
    assert signature is not None
    file = manifest.file.model_copy(update={"digital_signature": signature.digital_signature})
    beside(first).write_text(manifest.model_copy(update={"file": file}).to_json())

    assert verify_file(first, None, TRUSTED).word is Word.NOT_AUTHENTIC
    shutil.copy(beside(second), beside(first))
    assert verify_file(first, None, TRUSTED).word is Word.DIFFERENT
