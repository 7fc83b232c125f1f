"""The Control sheet: the identity and sources of a report, and the figures that prove it.

Column A has names, column B and those after it have values. At the end is the manifest's JSON for
`reporting verify`, in parts that fit in a cell. Everything else on the sheet follows from it,
except the notes and whether totals are shown, so a sheet that was edited is found.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import ProblemSink
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.xlsx.layout import (
    CONTROL,
    FIRST_ROW,
    DataSheet,
    PlainCell,
    bold_cell,
    column_letters,
    count_cell,
    text_cell,
    total_cell,
)
from reporting_pipeline.exports.xlsx.sheet_reader import (
    SheetCell,
    SheetRow,
    XlsxFile,
    is_number,
    shown_text,
)

_MANIFEST_LABEL = "Manifest JSON"
_NOTE_LABEL = "Note"
_ROWS_LABEL = "Rows"
_FIRST_ROW_LABEL = "First row"
_TOTALS_LABEL = "Totals"
_TOTALS_BELOW = "below the last row"
# A cell holds 32,767 code units; a character may be two of them.
_PART_CHARACTERS = 16_000
_MAX_ROWS = 100_000

Row = tuple[PlainCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFacts:
    """The facts on the sheet that are not in the manifest."""

    notes: tuple[str, ...]
    has_totals: tuple[bool, ...]

    @property
    def totals_texts(self) -> list[str]:
        """The place of the totals of each block, in words."""
        return [_TOTALS_BELOW if each else "not shown" for each in self.has_totals]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSheet:
    """The Control sheet of a file that is read.

    Attributes:
        rows: Its rows.
        sheets: The data sheets that it names.
    """

    rows: tuple[SheetRow, ...]
    manifest: Manifest
    facts: ControlFacts
    sheets: tuple[DataSheet, ...]

    def problems(self) -> Iterator[str]:
        """The cells that do not follow from the sheet's manifest; each as a sentence."""
        found = {row.number: row.cells for row in self.rows}
        expected = control_rows(self.manifest, self.sheets, self.facts)
        for number, cells in enumerate(expected, start=1):
            yield from differing_cells(
                CONTROL, number, dict(enumerate(cells)), found.pop(number, ())
            )
        yield from (f"sheet {CONTROL}, row {each}: a row too many" for each in sorted(found))


def control_rows(
    manifest: Manifest, sheets: Sequence[DataSheet], facts: ControlFacts
) -> Iterator[Row]:
    """The rows of the sheet, from the first on; an empty row separates two sections."""
    yield bold_cell(manifest.definition.name), text_cell("")
    yield from _identity_rows(manifest)
    yield from (_line(_NOTE_LABEL, note) for note in facts.notes)
    yield ()
    yield _heading(_ROWS_LABEL, _FIRST_ROW_LABEL, "Last row")
    yield from (_line(each.name, str(FIRST_ROW), str(each.last_row)) for each in sheets)
    yield _line(_TOTALS_LABEL, *facts.totals_texts)
    yield ()
    for part in manifest.parts:
        yield from _total_rows(part)
    yield from _source_rows(manifest)
    for part in manifest.parts:
        yield from _column_rows(part)
    yield from _manifest_rows(manifest)


def read_control(file: XlsxFile, report_problem: ProblemSink) -> ControlSheet:
    """Read the Control sheet of a file.

    Raises:
        FileUnreadable: There is none, or it is not a report's.
    """
    part = next((each for each in file.sheets if each.name == CONTROL), None)
    if part is None:
        raise FileUnreadable(f"there is no sheet {CONTROL!r}")
    rows: list[SheetRow] = []
    for row in file.rows(part, report_problem):
        rows.append(row)
        if len(rows) > _MAX_ROWS:
            raise FileUnreadable(f"sheet {CONTROL} has more than {_MAX_ROWS} rows")
    texts = [_texts(row) for row in rows]
    return ControlSheet(
        rows=tuple(rows),
        manifest=_manifest_of(texts),
        facts=ControlFacts(notes=_notes_of(rows), has_totals=_has_totals(texts)),
        sheets=tuple(_sheets_of(texts)),
    )


def differing_cells(
    sheet: str, number: int, expected: Mapping[int, PlainCell], found: Sequence[SheetCell]
) -> Iterator[str]:
    """The cells of a row that do not show the expected text or number; each as a sentence."""
    for index in range(max(len(found), *(each + 1 for each in expected), 0)):
        wanted, actual = expected.get(index), found[index] if index < len(found) else None
        wanted_text = "" if wanted is None else wanted.text
        actual_text = "" if actual is None else shown_text(actual)
        if wanted_text != actual_text and not _is_same_number(wanted, actual):
            yield (
                f"sheet {sheet}, cell {column_letters(index)}{number}: "
                f"expected {wanted_text!r}, found {actual_text!r}"
            )


def _identity_rows(manifest: Manifest) -> Iterator[Row]:
    definition, period = manifest.definition, manifest.period
    yield _line("Status", "PROVISIONAL" if manifest.is_provisional else "Final")
    yield _line("Organisation", manifest.organization.name, str(manifest.organization.id))
    yield _line("Period", period.token)
    yield _line("First day", "the event's first" if period.first is None else str(period.first))
    yield _line("Day after the last", str(period.end))
    if period.event_id is not None:
        yield _line("Event", str(period.event_id))
    if manifest.event is not None:
        event = manifest.event
        yield _line("Event name", event.name)
        yield _line("Starts", event.start)
        yield _line("Ends", event.end)
        yield _line("Venue", event.venue or "", event.city or "")
        yield _line("Event status", event.status)
    yield _line("Definition", definition.slug, str(definition.id))
    yield _line("Version", str(definition.version))
    yield _line("Category", definition.category)
    yield _line("Dataset", definition.dataset)
    yield from (_line("Filter", each) for each in manifest.filters)
    for block in manifest.blocks:
        yield _line("Block", block.title, block.name, block.rows_sha256)
    if manifest.shows_instants:
        yield _line("Time zone", manifest.time_zone)
    yield _line("Locale", manifest.locale)
    yield _line("Logic version", str(manifest.logic_version))
    yield text_cell("Row count"), count_cell(manifest.row_count)
    yield _line("SHA-256 of the rows", manifest.rows_sha256)
    if manifest.signatures:
        yield _line("To be signed by", *manifest.signatures)
    yield _line("To verify", "reporting verify FILE")


def _total_rows(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Control totals", "Currency", "Total")
    for part in manifest.totals:
        for column in manifest.columns:
            if column.name in part.texts:
                currency = text_cell(part.currency or "")
                yield text_cell(column.header), currency, total_cell(column, part)
    yield ()


def _source_rows(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Seals", "First day", "Day after the last", "Reasons")
    for seal in manifest.seals:
        yield _line(seal.state, str(seal.first), str(seal.end), *seal.reasons)
    yield ()
    if manifest.accepted_breaks:
        yield _heading("Accepted breaks", "Accepted by", "Accepted at", "Reason")
        for each in manifest.accepted_breaks:
            yield _line(str(each), each.accepted_by, each.accepted_at, each.reason)
        yield ()
    yield _heading("Sources", "Complete through")
    yield from (_line(each.domain, each.complete_through) for each in manifest.watermarks)
    yield ()


def _column_rows(manifest: Manifest) -> Iterator[Row]:
    yield _heading("Columns", "Name", "Type", "Unit", "Kind")
    for column in manifest.columns:
        yield _line(column.header, column.name, column.type, column.unit or "", column.kind)
    yield ()


def _manifest_rows(manifest: Manifest) -> Iterator[Row]:
    text = manifest.within_file().to_json()
    for start in range(0, len(text), _PART_CHARACTERS):
        yield _line(_MANIFEST_LABEL, text[start : start + _PART_CHARACTERS])


def _heading(*texts: str) -> Row:
    return tuple(bold_cell(text) for text in texts)


def _line(*texts: str) -> Row:
    return tuple(text_cell(text) for text in texts)


def _is_same_number(expected: PlainCell | None, found: SheetCell | None) -> bool:
    if expected is None or found is None or not expected.is_number or not is_number(found):
        return False
    return float(expected.text) == float(shown_text(found))


def _texts(row: SheetRow) -> list[str]:
    return [shown_text(cell) for cell in row.cells]


def _manifest_of(texts: Sequence[Sequence[str]]) -> Manifest:
    parts = [row[1] for row in texts if len(row) > 1 and row[0] == _MANIFEST_LABEL]
    try:
        return Manifest.model_validate_json("".join(parts))
    except ValueError as error:
        message = f"sheet {CONTROL} holds no manifest of a report: {error}"
        raise FileUnreadable(message) from error


def _notes_of(rows: Sequence[SheetRow]) -> tuple[str, ...]:
    """The notes, which are in the first section: before the first empty row."""
    section = rows[:1]
    for former, row in pairwise(rows):
        if row.number != former.number + 1:
            break
        section = [*section, row]
    texts = [_texts(row) for row in section]
    return tuple(row[1] for row in texts if len(row) > 1 and row[0] == _NOTE_LABEL)


def _has_totals(texts: Sequence[Sequence[str]]) -> tuple[bool, ...]:
    found = [row[1:] for row in texts if len(row) > 1 and row[0] == _TOTALS_LABEL]
    return tuple(each == _TOTALS_BELOW for each in found[0]) if found else (False,)


def _sheets_of(texts: Sequence[Sequence[str]]) -> Iterator[DataSheet]:
    """The lines between the heading of the sheets and the line about totals."""
    is_inside, first = False, 0
    for row in texts:
        if is_inside and row[0] == _TOTALS_LABEL:
            return
        if is_inside:
            row_count = _row_count(row)
            yield DataSheet(name=row[0], first=first, row_count=row_count)
            first += row_count
        is_inside = is_inside or list(row[:2]) == [_ROWS_LABEL, _FIRST_ROW_LABEL]


def _row_count(row: Sequence[str]) -> int:
    name, *_, last_row = row
    if not last_row.isdecimal():
        raise FileUnreadable(f"sheet {CONTROL} does not say where the rows of {name!r} end")
    return int(last_row) - FIRST_ROW + 1
