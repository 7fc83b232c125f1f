"""Verifies one file with nothing else than its manifest.

The manifest is the one that the caller gives, or the one beside the file, or the one inside it.
Compared are, in this order: the bytes of the file, the manifest inside it, everything around its
rows, and the rows.

If somebody changes rows, totals and embedded manifest so that they agree, only a manifest from
elsewhere shows it: the one beside the file in the store, or the one in the catalogue.
"""

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.formats import format_of
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.verify.difference import (
    Difference,
    DifferenceKind,
    Proof,
    Verification,
)
from reporting_pipeline.exports.verify.row_checks import RowChecks

_CHUNK_BYTES = 1024 * 1024
_MAX_MANIFEST_BYTES = 64 * 1024 * 1024
# A file that was taken apart has a problem in each row; a person reads the first ones.
_MAX_PROBLEMS = 100


def verify_file(path: Path, manifest: Manifest | None = None) -> Verification:
    """Compare a file with its manifest.

    Args:
        path: The file.
        manifest: The expected manifest; None: the one beside the file, or inside it.

    Raises:
        FileUnreadable: The file is no report, is too damaged to compare, or has no manifest.
    """
    format_ = format_of(path)
    beside = manifest or _manifest_beside(path)
    inside, unread = _manifest_inside(path, format_)
    expected = beside or inside
    if expected is None:
        raise unread or _no_manifest(path, format_)
    found = [*_file_differences(path, beside), *_manifest_differences(beside, inside, unread)]
    content, of_rows = _compare_content(path, format_, expected)
    differences = _distinct([*found, *content])
    proofs = () if differences else (*_file_proofs(beside, inside), *of_rows)
    return Verification(
        format=format_.name, manifest=expected, differences=differences, proofs=proofs
    )


def read_manifest(path: Path) -> Manifest:
    """Read a manifest from its file.

    Raises:
        FileUnreadable: The file cannot be read, or is no manifest of a report.
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
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    return read_manifest(beside) if beside.exists() else None


def _manifest_inside(path: Path, format_: Format) -> tuple[Manifest | None, FileUnreadable | None]:
    try:
        return format_.embedded_manifest(path), None
    except FileUnreadable as error:
        return None, error


def _no_manifest(path: Path, format_: Format) -> FileUnreadable:
    message = (
        f"{path.name} has no manifest: {format_.name} has no place for one inside, and there is no "
        f"{path.name}{MANIFEST_SUFFIX} beside it; fetch that from the store, or name it with "
        "--manifest"
    )
    return FileUnreadable(message)


def _file_differences(path: Path, beside: Manifest | None) -> Iterator[Difference]:
    if beside is None or beside.file is None:
        return
    byte_count, sha256 = _size_and_digest(path)
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


def _compare_content(
    path: Path, format_: Format, expected: Manifest
) -> tuple[list[Difference], list[Proof]]:
    """The differences in and around the rows of a file, and the proofs of its rows."""
    problems: list[str] = []

    def report_problem(problem: str) -> None:
        if len(problems) < _MAX_PROBLEMS:
            problems.append(problem)

    checks = RowChecks(expected, partial(format_.row_place, path))
    try:
        for row in format_.read(path, expected, report_problem):
            checks.add(row)
        of_rows = list(checks.differences())
    except FileUnreadable as error:
        of_rows = [Difference(kind=DifferenceKind.CELL, message=error.message)]
    content = [Difference(kind=DifferenceKind.CONTENT, message=each) for each in problems]
    return [*content, *of_rows], list(checks.proofs())


def _file_proofs(beside: Manifest | None, inside: Manifest | None) -> Iterator[Proof]:
    if beside is not None and beside.file is not None:
        yield Proof(what="SHA-256 of the file", value=beside.file.sha256)
    if inside is not None:
        value = "the same as beside the file" if beside is not None else "agrees with the rows"
        yield Proof(what="manifest inside", value=value)


def _distinct(differences: list[Difference]) -> tuple[Difference, ...]:
    """Each message once: a damaged file fails for its manifest and again for its rows."""
    first: dict[str, Difference] = {}
    for each in differences:
        first.setdefault(each.message, each)
    return tuple(first.values())


def _size_and_digest(path: Path) -> tuple[int, str]:
    digest, byte_count = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            byte_count += len(chunk)
    return byte_count, digest.hexdigest()
