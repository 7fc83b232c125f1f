"""The Control sheet: what the report is, what it rests on and the figures that prove it.

Column A names, column B and those after it say. At the end stands the manifest's JSON, in parts
that fit a cell, for `reporting verify`. Everything else on the sheet follows from it, but the notes
and whether totals are shown, so that a sheet that was edited is found.

What belongs here: the sheet's rows. What does not: their XML.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.xlsx.around import total_cell
from reporting_pipeline.exports.xlsx.layout import FIRST_ROW, DataSheet
from reporting_pipeline.exports.xlsx.plain_rows import PlainCell, bold, count, plain

MANIFEST_LABEL = "Manifest JSON"
NOTE_LABEL = "Note"
ROWS_LABEL = "Rows"
TOTALS_LABEL = "Totals"
# A character may be two of the units that a cell holds 32,767 of.
_PART_CHARACTERS = 16_000

Row = tuple[PlainCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFacts:
    """What the sheet says beyond the manifest."""

    notes: tuple[str, ...]
    has_totals: bool

    @property
    def totals_words(self) -> str:
        """What stands beside TOTALS_LABEL."""
        return "below the last row" if self.has_totals else "not shown"


def control_rows(
    manifest: Manifest, sheets: Sequence[DataSheet], facts: ControlFacts
) -> Iterator[Row]:
    """The rows of the sheet, from the first on; an empty one parts two sections."""
    yield bold(manifest.definition.name), plain("")
    yield from _identity(manifest)
    yield from (_line(NOTE_LABEL, note) for note in facts.notes)
    yield ()
    yield _heading(ROWS_LABEL, "First row", "Last row")
    yield from (_line(each.name, str(FIRST_ROW), str(each.last_row)) for each in sheets)
    yield _line(TOTALS_LABEL, facts.totals_words)
    yield ()
    yield from _totals(manifest)
    yield from _rests_on(manifest)
    yield from _columns(manifest)
    yield from _json(manifest)


def _identity(manifest: Manifest) -> Iterator[Row]:
    definition, period = manifest.definition, manifest.period
    yield _line("Status", "PROVISIONAL" if manifest.is_provisional else "Final")
    yield _line("Organisation", manifest.organization.name, str(manifest.organization.id))
    yield _line("Period", period.token)
    yield _line("First day", "the event's first" if period.first is None else str(period.first))
    yield _line("Day after the last", str(period.end))
    if period.event_id is not None:
        yield _line("Event", str(period.event_id))
    yield _line("Definition", definition.slug, str(definition.id))
    yield _line("Version", str(definition.version))
    yield _line("Category", definition.category)
    yield _line("Dataset", definition.dataset)
    yield from (_line("Filter", each) for each in manifest.filters)
    yield _line("Time zone", manifest.time_zone)
    yield _line("Locale", manifest.locale)
    yield _line("Logic version", str(manifest.logic_version))
    yield plain("Row count"), count(manifest.row_count)
    yield _line("SHA-256 of the rows", manifest.rows_sha256)
    yield _line("To verify", "reporting verify FILE")


def _totals(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Control totals", "Currency", "Total")
    for part in manifest.totals:
        for column in manifest.columns:
            if column.name in part.values:
                yield (
                    plain(column.header),
                    plain(part.currency or ""),
                    total_cell(column, part),
                )
    yield ()


def _rests_on(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Seals", "First day", "Day after the last", "Reasons")
    for seal in manifest.seals:
        yield _line(seal.state, str(seal.first), str(seal.end), *seal.reasons)
    yield ()
    yield _heading("Sources", "Complete through")
    yield from (_line(each.domain, each.complete_through) for each in manifest.watermarks)
    yield ()


def _columns(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Columns", "Name", "Type", "Unit", "Kind")
    for column in manifest.columns:
        yield _line(column.header, column.name, column.type, column.unit or "", column.kind)
    yield ()


def _json(manifest: Manifest) -> Iterator[Row]:
    text = manifest.within_file().to_json()
    for start in range(0, len(text), _PART_CHARACTERS):
        yield _line(MANIFEST_LABEL, text[start : start + _PART_CHARACTERS])


def _heading(*words: str) -> Row:
    return tuple(bold(word) for word in words)


def _line(*words: str) -> Row:
    return tuple(plain(word) for word in words)
