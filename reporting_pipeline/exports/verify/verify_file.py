"""Verifying one file, with nothing else at hand than its manifest.

The manifest is the one that is given, else the one beside the file, else the one inside it. In
this order is compared: the bytes of the file, the manifest inside it, what stands around its rows,
the rows.

A file whose rows, totals and manifest were all changed to agree is found only by a manifest that
comes from elsewhere: the one beside the file in the store, or the catalogue's.

What belongs here: that order. What does not: reading formats, and the warehouse.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.verify.difference import (
    Difference,
    DifferenceKind,
    Proof,
    Verification,
)
from reporting_pipeline.exports.verify.formats import (
    embedded_manifest,
    format_of,
    row_place,
    told_rows,
)
from reporting_pipeline.exports.verify.row_checks import RowChecks
from reporting_pipeline.report_definitions.definition import ReportFormat

_CHUNK_BYTES = 1024 * 1024
_MAX_MANIFEST_BYTES = 64 * 1024 * 1024
# A file that was taken apart has a difference in each row; a person reads a few.
_MAX_TOLD = 100


def verify_file(path: Path, manifest: Manifest | None = None) -> Verification:
    """Compare a file with its proof.

    Args:
        path: The file.
        manifest: What it should be; None: the manifest beside it, or inside it.

    Raises:
        FileUnreadable: It is no report of ours, it is damaged beyond comparing, or no manifest is
            at hand.
    """
    format_ = format_of(path)
    beside = manifest or _manifest_beside(path)
    inside, unread = _manifest_inside(path, format_)
    expected = beside or inside
    if expected is None:
        raise unread or _no_manifest(path, format_)
    found = [*_file_differences(path, beside), *_manifest_differences(beside, inside, unread)]
    content, of_rows = _content(path, format_, expected)
    differences = _distinct([*found, *content])
    proofs = () if differences else (*_file_proofs(beside, inside), *of_rows)
    return Verification(format=format_, manifest=expected, differences=differences, proofs=proofs)


def read_manifest(path: Path) -> Manifest:
    """A manifest from its file.

    Raises:
        FileUnreadable: It cannot be read, or is no manifest of ours.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_MANIFEST_BYTES)
        return Manifest.model_validate_json(content)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileUnreadable(f"{path.name} is no manifest of a report: {error}") from error


def _manifest_beside(path: Path) -> Manifest | None:
    sidecar = path.with_name(path.name + MANIFEST_SUFFIX)
    return read_manifest(sidecar) if sidecar.exists() else None


def _manifest_inside(
    path: Path, format_: ReportFormat
) -> tuple[Manifest | None, FileUnreadable | None]:
    try:
        return embedded_manifest(path, format_), None
    except FileUnreadable as error:
        return None, error


def _no_manifest(path: Path, format_: ReportFormat) -> FileUnreadable:
    message = (
        f"{path.name} has no manifest: {format_} has no place for one inside, and there is no "
        f"{path.name}{MANIFEST_SUFFIX} beside it; fetch that from the store, or name it with "
        "--manifest"
    )
    return FileUnreadable(message)


def _file_differences(path: Path, beside: Manifest | None) -> Iterator[Difference]:
    if beside is None or beside.file is None:
        return
    byte_count, sha256 = _measured(path)
    if byte_count != beside.file.byte_count:
        message = f"expected {beside.file.byte_count} bytes, found {byte_count}"
        yield Difference(kind=DifferenceKind.FILE, message=message)
    if sha256 != beside.file.sha256:
        message = f"expected the SHA-256 {beside.file.sha256}, found {sha256}"
        yield Difference(kind=DifferenceKind.FILE, message=message)


def _manifest_differences(
    beside: Manifest | None, inside: Manifest | None, unread: FileUnreadable | None
) -> Iterator[Difference]:
    if unread is not None:
        yield Difference(kind=DifferenceKind.MANIFEST, message=unread.message)
    if beside is None or inside is None or beside.within_file() == inside.within_file():
        return
    fields = [
        name
        for name in Manifest.model_fields
        if name != "file" and getattr(beside, name) != getattr(inside, name)
    ]
    message = f"the one inside the file is of another report: it differs in {', '.join(fields)}"
    yield Difference(kind=DifferenceKind.MANIFEST, message=message)


def _content(
    path: Path, format_: ReportFormat, expected: Manifest
) -> tuple[list[Difference], list[Proof]]:
    """What differs between the rows of a file, or what stands around them, and the manifest."""
    told: list[str] = []

    def tell(sentence: str) -> None:
        if len(told) < _MAX_TOLD:
            told.append(sentence)

    checks = RowChecks(expected, partial(row_place, path, format_))
    try:
        for row in told_rows(path, format_, expected, tell):
            checks.follow(row)
        of_rows = list(checks.differences())
    except FileUnreadable as error:
        of_rows = [Difference(kind=DifferenceKind.CELL, message=error.message)]
    around = [Difference(kind=DifferenceKind.CONTENT, message=each) for each in told]
    return [*around, *of_rows], list(checks.proofs())


def _file_proofs(beside: Manifest | None, inside: Manifest | None) -> Iterator[Proof]:
    if beside is not None and beside.file is not None:
        yield Proof(what="SHA-256 of the file", value=beside.file.sha256)
    if inside is not None:
        value = "the same as beside the file" if beside is not None else "agrees with the rows"
        yield Proof(what="manifest inside", value=value)


def _distinct(differences: list[Difference]) -> tuple[Difference, ...]:
    """Each once: what cannot be read is met as the manifest, and again on the way to the rows."""
    first: dict[str, Difference] = {}
    for each in differences:
        first.setdefault(each.message, each)
    return tuple(first.values())


def _measured(path: Path) -> tuple[int, str]:
    digest, byte_count = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            byte_count += len(chunk)
    return byte_count, digest.hexdigest()
