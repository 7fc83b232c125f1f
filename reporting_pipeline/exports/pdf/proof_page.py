"""What the last page says: what the figures rest on, and the numbers that prove them.

What belongs here: the manifest as lines for people. What does not: how they are set.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.pdf.cells import CellTexts
from reporting_pipeline.exports.presentation import count_for_people


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPart:
    """One part of the page; of each line the first cell says what it is."""

    title: str
    lines: tuple[tuple[str, ...], ...]
    is_digest: bool = False


def proof_parts(manifest: Manifest, texts: CellTexts) -> list[ProofPart]:
    """The parts in order; those without lines are left out."""
    parts = [
        ProofPart(title="Rows", lines=_rows(manifest), is_digest=True),
        ProofPart(title="Control totals", lines=_totals(manifest, texts)),
        ProofPart(title="Report", lines=_report(manifest)),
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
    ]
    return [part for part in parts if part.lines]


def _rows(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    return (
        ("Number of rows", count_for_people(manifest.row_count, manifest.locale)),
        ("SHA-256 of the rows", manifest.rows_sha256),
    )


def _totals(manifest: Manifest, texts: CellTexts) -> tuple[tuple[str, ...], ...]:
    by_name = {column.name: column for column in reversed(manifest.columns)}
    return tuple(
        (total.currency or "Of no currency", " · ".join(_figures(total, by_name, texts)))
        for total in manifest.totals
    )


def _figures(
    total: TotalPart, by_name: Mapping[str, ColumnPart], texts: CellTexts
) -> Iterator[str]:
    for name, value in total.values.items():
        column = by_name[name]
        yield f"{column.header} {texts.text(column, str(value), total.currency)}"


def _report(manifest: Manifest) -> tuple[tuple[str, ...], ...]:
    definition, event_id = manifest.definition, manifest.period.event_id
    return (
        ("Definition", f"{definition.id}, version {definition.version}"),
        ("Dataset", definition.dataset),
        ("Report numbers", f"version {manifest.logic_version}"),
        ("Organisation", str(manifest.organization.id)),
        *((("Event", str(event_id)),) if event_id else ()),
        ("Period", manifest.period.token),
    )
