"""Verifies a file and its manifest against the catalogue, which has the manifest of each edition.

The catalogue proves every field of a manifest, whatever it is, and each byte of the file. A file
whose bytes and manifest it has is as published, whatever this installation would write today: if
that reads the file in another way, the versions that differ are named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from reporting_pipeline.catalogue.published_editions import PublishedEdition, published_editions
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.made_with import differing_versions, made_with
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.verify.difference import (
    Difference,
    DifferenceKind,
    Proof,
    Verification,
)
from reporting_pipeline.exports.verify.manifest_checks import differing_fields
from reporting_pipeline.exports.verify.unproven import words
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import database_version

_MAX_VALUE_CHARACTERS = 120
_OF_RENDERING = frozenset({DifferenceKind.CONTENT, DifferenceKind.CELL})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueComparison:
    """The result of comparing a file with the catalogue.

    Attributes:
        manifest: The manifest in the catalogue that the file's is compared with; None: it has none.
        differences: Empty where the catalogue has this manifest and these bytes.
    """

    manifest: Manifest | None
    differences: tuple[Difference, ...]
    proofs: tuple[Proof, ...]


def compare_with_catalogue(connection: Connection[Any], found: Verification) -> CatalogueComparison:
    """Compare a file and its manifest with the editions of the catalogue."""
    key = ReportKey(
        organization_id=found.manifest.organization.id,
        definition_id=found.manifest.definition.id,
        slug=found.manifest.definition.slug,
        period=found.manifest.period.period,
        format=found.format,
    )
    editions = published_editions(connection, file_sha256=found.sha256, report_id=key.id)
    same_bytes = [each for each in editions if each.file_sha256 == found.sha256]
    nearest = _nearest(same_bytes or editions, found.manifest)
    if nearest is None:
        part = found.manifest
        message = (
            f"the catalogue has no edition of {part.definition.slug} of {part.organization.name}, "
            f"{part.period.token}, {found.format}, and none with the SHA-256 {found.sha256}"
        )
        missing = Difference(kind=DifferenceKind.MANIFEST, message=message)
        return CatalogueComparison(manifest=None, differences=(missing,), proofs=())
    edition, manifest = nearest
    differences = [
        *_byte_differences(edition, found),
        *_field_differences(edition, manifest, found),
    ]
    return CatalogueComparison(
        manifest=manifest,
        differences=tuple(differences),
        proofs=() if differences else (_proof(edition),),
    )


def explained_by_versions(
    connection: Connection[Any],
    manifest: Manifest,
    format_name: ReportFormat,
    differences: Sequence[Difference],
) -> tuple[tuple[Difference, ...], tuple[Proof, ...]]:
    """The differences that other versions do not explain, and what is said of the versions.

    Args:
        connection: To the warehouse.
        manifest: The catalogue's manifest, of a file whose bytes are in the catalogue too.
        format_name: The format of the file.
        differences: Those that were found without the warehouse.
    """
    format_ = FORMATS[format_name]
    here = made_with(
        format_,
        database=database_version(connection),
        is_archive=bool(manifest.blocks) and format_.archives_blocks,
    )
    others = differing_versions(manifest.made_with, here) if manifest.made_with else []
    if not others:
        return tuple(differences), ()
    rest = tuple(each for each in differences if each.kind not in _OF_RENDERING)
    is_read_differently = len(rest) < len(differences)
    how = "renders it differently" if is_read_differently else "has other versions"
    value = f"this installation {how}: {', '.join(others)}"
    return rest, (Proof(what="as published", value=value),)


def _nearest(
    editions: Sequence[PublishedEdition], manifest: Manifest
) -> tuple[PublishedEdition, Manifest] | None:
    """The edition with the manifest that differs in the fewest fields; the newest of several."""
    known = [(edition, each) for edition in editions for each in edition.manifests]
    return min(known, key=lambda each: len(_fields(each[1], manifest)), default=None)


def _fields(known: Manifest, manifest: Manifest) -> list[str]:
    """The fields in which two manifests differ; of the one inside a file only those it can have.

    Signatures are left out: the same manifest is signed again after a change of the key.
    """
    comparable = known if manifest.file else known.within_file()
    return differing_fields(comparable.unsigned, manifest.unsigned)


def _byte_differences(edition: PublishedEdition, found: Verification) -> Iterator[Difference]:
    is_named = any(each.kind is DifferenceKind.FILE for each in found.differences)
    if edition.file_sha256 != found.sha256 and not is_named:
        message = (
            f"no edition has these bytes: {edition} has the SHA-256 {edition.file_sha256}, the "
            f"file {found.sha256}; it was changed, or saved by another program"
        )
        yield Difference(kind=DifferenceKind.FILE, message=message)


def _field_differences(
    edition: PublishedEdition, known: Manifest, found: Verification
) -> Iterator[Difference]:
    for name in _fields(known, found.manifest):
        expected, actual = getattr(known, name), getattr(found.manifest, name)
        message = (
            f"{words(name)}: the catalogue has {_shown(expected)} for {edition}, the manifest has "
            f"{_shown(actual)}"
        )
        yield Difference(kind=DifferenceKind.MANIFEST, message=message)


def _shown(value: object) -> str:
    return "nothing" if value in (None, ()) else shown(value, _MAX_VALUE_CHARACTERS)


def _proof(edition: PublishedEdition) -> Proof:
    current = "the current one"
    if edition.edition != edition.current_edition:
        current = f"the current one is {edition.current_edition}"
    return Proof(what="manifest in the catalogue", value=f"edition {edition.edition}, {current}")
