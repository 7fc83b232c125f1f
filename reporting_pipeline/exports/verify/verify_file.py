"""Verifies one file with nothing else than its manifest.

The manifest is the one that the caller gives, or the one beside the file, or the one inside it.
Compared are, in this order: the bytes of the file, the manifest inside it, everything around its
rows, and the rows.

If somebody changes rows, totals and embedded manifest so that they agree, only a manifest from
elsewhere shows it: the one beside the file in the store, or the one in the catalogue.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.formats import ARCHIVE_SUFFIX, format_of
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.signing import PublicKey
from reporting_pipeline.exports.verify.difference import (
    Difference,
    DifferenceKind,
    Proof,
    Verification,
)
from reporting_pipeline.exports.verify.file_limits import require_within_limits
from reporting_pipeline.exports.verify.manifest_checks import (
    differing_fields,
    manifest_differences,
)
from reporting_pipeline.exports.verify.row_checks import RowChecks
from reporting_pipeline.exports.verify.signature_checks import SignatureCheck, check_signature
from reporting_pipeline.guards.regular_file import open_regular

_CHUNK_BYTES = 1024 * 1024
_MAX_MANIFEST_BYTES = 64 * 1024 * 1024
# A file that was taken apart has a problem in each row; a person reads the first ones.
_MAX_PROBLEMS = 100
# A manifest may describe anything: columns that are not there, a locale that does not exist.
_NOT_AS_DESCRIBED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def verify_file(
    path: Path, manifest: Manifest | None = None, keys: Sequence[PublicKey] = ()
) -> Verification:
    """Compare a file with its manifest.

    Args:
        path: The file.
        manifest: The expected manifest; None: the one beside the file, or inside it.
        keys: The public keys that the reader trusts: one of them must have signed the manifest.

    Raises:
        FileUnreadable: The file is no report, is too damaged to compare, or has no manifest.
    """
    format_ = format_of(path)
    byte_count, sha256, longest_line = _read_through(path)
    require_within_limits(path, byte_count, longest_line)
    beside = manifest or _manifest_beside(path)
    inside, unread = _manifest_inside(path, format_)
    expected = beside or inside
    if expected is None:
        raise unread or _no_manifest(path, format_)
    found = [
        *_file_differences(beside, byte_count, sha256),
        *_manifest_differences(beside, inside, unread),
        *manifest_differences(expected, format_),
    ]
    content, of_rows = _compare_content(path, format_, expected)
    signature = check_signature(expected, keys)
    differences = _distinct([*found, *content, *signature.differences])
    proofs = (*_file_proofs(beside, inside), *of_rows)
    return Verification(
        format=format_.name,
        manifest=expected,
        sha256=sha256,
        differences=differences,
        proofs=(*_signature_proofs(signature), *proofs) if not differences else (),
        signed_by=signature.signed_by,
        is_signed_whole=signature.is_whole,
    )


def read_manifest(path: Path) -> Manifest:
    """Read a manifest from its file.

    Raises:
        FileUnreadable: The file cannot be read, or is no manifest of a report.
    """
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_MANIFEST_BYTES + 1)
        if len(content) > _MAX_MANIFEST_BYTES:
            message = f"{path.name} is no manifest of a report: it has more than "
            raise FileUnreadable(f"{message}{_MAX_MANIFEST_BYTES} bytes")
        return Manifest.of_json(content)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileUnreadable(f"{path.name} is no manifest of a report: {error}") from error


def _manifest_beside(path: Path) -> Manifest | None:
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    return read_manifest(beside) if (beside.exists() or beside.is_symlink()) else None


def _manifest_inside(path: Path, format_: Format) -> tuple[Manifest | None, FileUnreadable | None]:
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        return None, None
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


def _file_differences(
    beside: Manifest | None, byte_count: int, sha256: str
) -> Iterator[Difference]:
    if beside is None or beside.file is None:
        return
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
    if beside is None or inside is None:
        return
    fields = differing_fields(beside.within_file(), inside.within_file())
    if not fields:
        return
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

    of_rows: list[Difference] = []
    proofs: list[Proof] = []
    names = [block.name for block in expected.blocks]
    try:
        blocks = format_.read_blocks(path, expected, report_problem)
        for index, (part, rows) in enumerate(zip(expected.parts, blocks, strict=True)):
            place = (
                partial(_place_in_block, names[index])
                if names
                else partial(format_.row_place, path)
            )
            checks = RowChecks(part, place)
            for row in rows:
                checks.add(row)
            found, proven = list(checks.differences()), checks.proofs()
            of_rows += [_of_block(each, names[index]) for each in found] if names else found
            proofs += [_proof_of_block(each, names[index]) for each in proven] if names else proven
        if names:
            of_rows += _whole_differences(expected)
    except FileUnreadable as error:
        of_rows = [Difference(kind=DifferenceKind.CELL, message=error.message)]
    except _NOT_AS_DESCRIBED as error:
        message = f"the rows cannot be read as the manifest describes them: {error}"
        of_rows = [Difference(kind=DifferenceKind.CELL, message=message)]
    content = [Difference(kind=DifferenceKind.CONTENT, message=each) for each in problems]
    return [*content, *of_rows], proofs


def _place_in_block(name: str, index: int) -> str:
    return f"{name}, row {index + 1}"


def _of_block(difference: Difference, name: str) -> Difference:
    if difference.message.startswith(f"{name}, "):
        return difference
    return replace(difference, message=f"{name}: {difference.message}")


def _proof_of_block(proof: Proof, name: str) -> Proof:
    return replace(proof, what=f"{name}: {proof.what}")


def _whole_differences(manifest: Manifest) -> Iterator[Difference]:
    """The differences between a manifest of several blocks and its own blocks."""
    row_count = sum(each.row_count for each in manifest.blocks)
    if row_count != manifest.row_count:
        message = f"the manifest has {manifest.row_count} rows, its blocks {row_count}"
        yield Difference(kind=DifferenceKind.ROW_COUNT, message=message)
    digest = Manifest.digest_of_blocks(each.rows_sha256 for each in manifest.blocks)
    if digest != manifest.rows_sha256:
        message = f"the manifest has the SHA-256 {manifest.rows_sha256}, its blocks {digest}"
        yield Difference(kind=DifferenceKind.ROWS_DIGEST, message=message)


def _file_proofs(beside: Manifest | None, inside: Manifest | None) -> Iterator[Proof]:
    if beside is not None and beside.file is not None:
        yield Proof(what="SHA-256 of the file", value=beside.file.sha256)
    if inside is not None:
        value = "the same as beside the file" if beside is not None else "agrees with the rows"
        yield Proof(what="manifest inside", value=value)


def _signature_proofs(signature: SignatureCheck) -> Iterator[Proof]:
    if signature.signed_by is not None:
        scope = "the whole file" if signature.is_whole else "the manifest inside, and the rows"
        yield Proof(what="signature", value=f"key {signature.signed_by}, {scope}")


def _distinct(differences: list[Difference]) -> tuple[Difference, ...]:
    """Each message once: a damaged file fails for its manifest and again for its rows."""
    first: dict[str, Difference] = {}
    for each in differences:
        first.setdefault(each.message, each)
    return tuple(first.values())


def _read_through(path: Path) -> tuple[int, str, int]:
    """The size of a file, its digest, and the bytes of its longest line."""
    digest, byte_count = hashlib.sha256(), 0
    longest = in_line = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            byte_count += len(chunk)
            end = chunk.find(b"\n")
            longest = max(longest, in_line + (len(chunk) if end < 0 else end))
            in_line = in_line + len(chunk) if end < 0 else len(chunk) - chunk.rfind(b"\n") - 1
    return byte_count, digest.hexdigest(), longest
