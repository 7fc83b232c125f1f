"""Checks the signature of a manifest with the public keys that the reader trusts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reporting_pipeline.exports.manifest import Manifest, SignaturePart
from reporting_pipeline.exports.signing import PublicKey
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureCheck:
    """The result of checking the signature of one file.

    Attributes:
        signed_by: The id of the key that has signed; None if no key was given, or none has.
        is_whole: Whether the signature covers the digest of the file's bytes.
    """

    differences: tuple[Difference, ...] = ()
    signed_by: str | None = None
    is_whole: bool = False


def check_signature(manifest: Manifest, keys: Sequence[PublicKey]) -> SignatureCheck:
    """Check the signature of the manifest beside a file, or of the one inside it.

    The manifest beside a file must be signed itself: the signature inside does not cover its part
    about the file.
    """
    if not keys:
        return SignatureCheck()
    is_whole = manifest.file is not None
    part = manifest.file.digital_signature if manifest.file else manifest.digital_signature
    content = manifest.signed_file if is_whole else manifest.signed_content
    problem = _problem(part, content, keys, is_whole=is_whole)
    problems = [] if problem is None else [problem]
    problems += _problems_inside(manifest, keys) if is_whole else []
    if part is None or problems:
        found = [Difference(kind=DifferenceKind.SIGNATURE, message=each) for each in problems[:1]]
        return SignatureCheck(differences=tuple(found), is_whole=is_whole)
    return SignatureCheck(signed_by=part.key_id, is_whole=is_whole)


def _problem(
    part: SignaturePart | None, content: bytes, keys: Sequence[PublicKey], *, is_whole: bool
) -> str | None:
    place = "the manifest beside the file" if is_whole else "the manifest inside the file"
    if part is None:
        return f"{place} is not signed: ask its publisher for the signed one"
    known = {each.id: each for each in keys}
    if part.key_id not in known:
        given = ", ".join(known)
        return f"{place} is signed with the key {part.key_id}, and the keys that you trust: {given}"
    if not known[part.key_id].has_signed(content, part):
        return (
            f"the signature with the key {part.key_id} is not one of {place}: that was changed, or "
            "the signature is of another file"
        )
    return None


def _problems_inside(manifest: Manifest, keys: Sequence[PublicKey]) -> Iterator[str]:
    """A signature inside the file that is said to be of a trusted key, and is not."""
    part = manifest.digital_signature
    if part is not None and any(each.id == part.key_id for each in keys):
        problem = _problem(part, manifest.signed_content, keys, is_whole=False)
        if problem is not None:
            yield problem
