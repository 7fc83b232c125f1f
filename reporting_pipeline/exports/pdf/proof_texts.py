"""The texts of the proof, which is on the last pages: what the figures rest on, and how to verify.

The writer puts them on the pages, the reader compares the pages with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.pdf.page_texts import CellTexts
from reporting_pipeline.exports.presentation import count_for_people

PROOF_TITLE = "Proof"
PURPOSE = (
    "This page says what the figures rest on, and how to find out whether one of them was changed. "
    "The rows themselves are attached to this file, with the manifest (manifest.json)."
)
VERIFY_TITLE = "How to verify"
HOW_TO_VERIFY = (
    "reporting verify FILE computes the digest of the attached rows again, adds up their totals, "
    "compares every page with the rows and names the first difference. It needs no network and no "
    "database. The manifest beside the file has the digest of the whole file too."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPart:
    """One part of the proof page; the first cell of each line names the others."""

    title: str
    lines: tuple[tuple[str, ...], ...]
    is_digest: bool = False


def proof_texts(parts: Sequence[ProofPart]) -> list[str]:
    """The texts of the proof, in reading order."""
    texts = [PROOF_TITLE, PURPOSE]
    for part in parts:
        texts += [part.title, *(cell for line in part.lines for cell in line)]
    return [*texts, VERIFY_TITLE, HOW_TO_VERIFY]


def proof_parts(manifest: Manifest, texts: Sequence[CellTexts]) -> list[ProofPart]:
    """The parts of the proof, in order; parts without lines are left out.

    Args:
        manifest: The report's.
        texts: Those of the cells of each block; of a report without blocks, of the report.
    """
    parts = [
        ProofPart(
            title="Rows of each block, and their SHA-256" if manifest.blocks else "Rows",
            lines=_row_lines(manifest),
            is_digest=True,
        ),
        ProofPart(title="Control totals", lines=_all_total_lines(manifest, texts)),
        ProofPart(title="Report", lines=_report_lines(manifest)),
        ProofPart(
            title="Sources, complete through",
            lines=tuple((each.domain, each.complete_through) for each in manifest.watermarks),
        ),
        ProofPart(
            title="Seals of the report days",
            lines=tuple(
                (f"from {each.first}, before {each.end}", each.state, "; ".join(each.reasons))
                for each in manifest.seals
            ),
        ),
        ProofPart(
            title="Accepted breaks",
            lines=tuple(
                (str(each), f"{each.accepted_by}, {each.accepted_at}", each.reason)
                for each in manifest.accepted_breaks
            ),
        ),
    ]
    return [part for part in parts if part.lines]


def _all_total_lines(manifest: Manifest, texts: Sequence[CellTexts]) -> tuple[tuple[str, ...], ...]:
    if not manifest.blocks:
        return _total_lines(manifest, texts[0])
    return tuple(
        (f"{block.title}: {name}", value)
        for block, part, of_block in zip(manifest.blocks, manifest.parts, texts, strict=True)
        for name, value in _total_lines(part, of_block)
    )


def _row_lines(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    if manifest.blocks:
        counted = [(each.title, each.row_count, each.rows_sha256) for each in manifest.blocks]
        counted.append(("All blocks, SHA-256 of theirs", manifest.row_count, manifest.rows_sha256))
        return tuple(
            (title, count_for_people(count, manifest.locale), sha256)
            for title, count, sha256 in counted
        )
    return (
        ("Number of rows", count_for_people(manifest.row_count, manifest.locale)),
        ("SHA-256 of the rows", manifest.rows_sha256),
    )


def _total_lines(manifest: Manifest, texts: CellTexts) -> tuple[tuple[str, ...], ...]:
    by_name = {column.name: column for column in reversed(manifest.columns)}
    return tuple(
        (total.currency or "Of no currency", " · ".join(_total_figures(total, by_name, texts)))
        for total in manifest.totals
    )


def _total_figures(
    total: TotalPart, by_name: Mapping[str, ColumnPart], texts: CellTexts
) -> Iterator[str]:
    for name, value in total.texts.items():
        column = by_name[name]
        yield f"{column.header} {texts.text(column, value, total.currency)}"


def _report_lines(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    definition, event_id = manifest.definition, manifest.period.event_id
    return (
        ("Definition", f"{definition.slug}, version {definition.version}, {definition.id}"),
        ("Dataset", definition.dataset),
        ("Report numbers", f"version {manifest.logic_version}"),
        ("Organisation", str(manifest.organization.id)),
        *((("Event", str(event_id)),) if event_id else ()),
        ("Period", manifest.period.token),
    )
