"""The Control sheet: the identity and sources of a report, and the figures that prove it.

Column A has names, column B and those after it have values, in the language of the report; the
names of datasets and columns are those of files for programs. At the end is the manifest's JSON for
`reporting verify`, in parts that fit in a cell. Everything else on the sheet follows from it,
except the notes and whether totals are shown, so a sheet that was edited is found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import pairwise

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import ProblemSink
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_heading import accepted_break_text, provisional_texts
from reporting_pipeline.exports.shown_words import shown_word
from reporting_pipeline.exports.xlsx.layout import (
    CONTROL,
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
from reporting_pipeline.languages import shown_finding, translated, words_of

# In every language, because it is read before the language is known.
_MANIFEST_LABEL = "Manifest JSON"
_NOTE_LABEL = "Note"
_ROWS_LABEL = "Rows"
_FIRST_ROW_LABEL = "First row"
_TOTALS_LABEL = "Totals"
_TOTALS_BELOW = "below the last row"
_TOTALS_NOT_SHOWN = "not shown"
# A cell holds 32,767 code units; a character may be two of them.
_PART_CHARACTERS = 16_000
_MAX_ROWS = 100_000

Row = tuple[PlainCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFacts:
    """The facts on the sheet that are not in the manifest."""

    notes: tuple[str, ...]
    has_totals: tuple[bool, ...]

    def totals_texts(self, locale: str) -> list[str]:
        """The place of the totals of each block, in words."""
        words = (_TOTALS_BELOW if each else _TOTALS_NOT_SHOWN for each in self.has_totals)
        return [translated(each, locale) for each in words]


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
    say = _say(manifest)
    yield bold_cell(manifest.definition.name), text_cell("")
    yield from _identity_rows(manifest)
    yield from _definition_rows(manifest)
    yield from _proof_rows(manifest)
    yield from (_line(say(_NOTE_LABEL), note) for note in facts.notes)
    yield ()
    yield _heading(say(_ROWS_LABEL), say(_FIRST_ROW_LABEL), say("Last row"))
    yield from (_line(each.name, str(each.first_row), str(each.last_row)) for each in sheets)
    yield _line(say(_TOTALS_LABEL), *facts.totals_texts(manifest.locale))
    yield ()
    for part in manifest.parts:
        yield from _total_rows(part)
    yield from _seal_rows(manifest)
    yield from _source_rows(manifest)
    for part in manifest.parts:
        yield from _column_rows(part)
    yield from _manifest_rows(manifest)


def read_control(file: XlsxFile, report_problem: ProblemSink) -> ControlSheet:
    """Read the Control sheet of a file, in whatever language it is.

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
            raise FileUnreadable(f"sheet {part.name} has more than {_MAX_ROWS} rows")
    texts = [_texts(row) for row in rows]
    manifest = _manifest_of(texts)
    locale = manifest.locale
    return ControlSheet(
        rows=tuple(rows),
        manifest=manifest,
        facts=ControlFacts(notes=_notes_of(rows, locale), has_totals=_has_totals(texts, locale)),
        sheets=tuple(_sheets_of(texts, locale)),
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


def _say(manifest: Manifest) -> Callable[[str], str]:
    return partial(translated, locale=manifest.locale)


def _word(column: str, value: str | None, manifest: Manifest) -> str:
    return shown_word(value or "", words_of(column, manifest.locale))


def _status(manifest: Manifest) -> str:
    if manifest.is_provisional:
        return provisional_texts(manifest)[0]
    # A report that depends on no report day shows the state at one moment.
    word = "Final" if manifest.seals else "Not sealed"
    return translated(word, manifest.locale)


def _identity_rows(manifest: Manifest) -> Iterator[Row]:
    period, say = manifest.period, _say(manifest)
    yield _line(say("Status"), _status(manifest))
    organization = manifest.organization
    yield _line(say("Organisation"), organization.name, str(organization.id))
    yield _line(say("Period"), period.token)
    first = say("the event's first") if period.first is None else str(period.first)
    yield _line(say("First day"), first)
    yield _line(say("Day after the last"), str(period.end))
    if period.event_id is not None:
        yield _line(say("Event"), str(period.event_id))
    if manifest.event is not None:
        event = manifest.event
        yield _line(say("Event name"), event.name)
        yield _line(say("Starts"), event.start)
        yield _line(say("Ends"), event.end)
        yield _line(say("Venue"), event.venue or "", event.city or "")
        yield _line(say("Event status"), _word("event_status", event.status, manifest))


def _definition_rows(manifest: Manifest) -> Iterator[Row]:
    definition, say = manifest.definition, _say(manifest)
    yield _line(say("Definition"), definition.slug, str(definition.id))
    yield _line(say("Version"), str(definition.version))
    yield _line(say("Category"), _word("category", definition.category, manifest))
    yield _line(say("Dataset"), definition.dataset)
    yield from (_line(say("Filter"), each) for each in manifest.filters)
    for block in manifest.blocks:
        yield _line(say("Block"), block.title, block.name, block.rows_sha256)
    if manifest.shows_instants:
        yield _line(say("Time zone"), manifest.time_zone)
    yield _line(say("Locale"), manifest.locale)
    yield _line(say("Logic version"), str(manifest.logic_version))


def _proof_rows(manifest: Manifest) -> Iterator[Row]:
    say = _say(manifest)
    yield text_cell(say("Row count")), count_cell(manifest.row_count)
    yield _line(say("SHA-256 of the rows"), manifest.rows_sha256)
    if manifest.signatures:
        yield _line(say("To be signed by"), *manifest.signatures)
    yield _line(say("To verify"), say("reporting verify FILE"))


def _total_rows(manifest: Manifest) -> Iterator[Row]:
    say = _say(manifest)
    yield _heading(say("Control totals"), say("Currency"), say("Total"))
    for part in manifest.totals:
        for column in manifest.columns:
            if column.name in part.texts:
                currency = text_cell(part.currency or "")
                yield text_cell(column.header), currency, total_cell(column, part)
    yield ()


def _seal_rows(manifest: Manifest) -> Iterator[Row]:
    say, locale = _say(manifest), manifest.locale
    yield _heading(*map(say, ("Seals", "First day", "Day after the last", "Reasons")))
    for seal in manifest.seals:
        state = _word("seal_state", seal.state, manifest)
        reasons = (shown_finding(each, locale) for each in seal.reasons)
        yield _line(state, str(seal.first), str(seal.end), *reasons)
    yield ()
    if manifest.accepted_breaks:
        yield _heading(*map(say, ("Accepted breaks", "Accepted by", "Accepted at", "Reason")))
        for each in manifest.accepted_breaks:
            shown = accepted_break_text(each, locale)
            yield _line(shown, each.accepted_by, each.accepted_at, each.reason)
        yield ()


def _source_rows(manifest: Manifest) -> Iterator[Row]:
    say = _say(manifest)
    yield _heading(say("Sources"), say("Complete through"))
    for each in manifest.watermarks:
        domain = _word("domain", each.domain, manifest)
        yield _line(domain, say(each.complete_through))
    yield ()


def _column_rows(manifest: Manifest) -> Iterator[Row]:
    yield _heading(*map(_say(manifest), ("Columns", "Name", "Type", "Unit", "Kind")))
    for column in manifest.columns:
        unit, kind = (
            _word(name, value, manifest)
            for name, value in (("unit", column.unit), ("column_kind", column.kind))
        )
        yield _line(column.header, column.name, column.type, unit, kind)
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
    shown = Decimal(repr(float(shown_text(found))))
    if expected.formula:  # a program that computes it again adds doubles
        shown = shown.quantize(Decimal(expected.text))
    return shown == Decimal(repr(float(expected.text)))


def _texts(row: SheetRow) -> list[str]:
    return [shown_text(cell) for cell in row.cells]


def _manifest_of(texts: Sequence[Sequence[str]]) -> Manifest:
    parts = [row[1] for row in texts if len(row) > 1 and row[0] == _MANIFEST_LABEL]
    try:
        return Manifest.of_json("".join(parts))
    except ValueError as error:
        message = f"sheet {CONTROL} holds no manifest of a report: {error}"
        raise FileUnreadable(message) from error


def _notes_of(rows: Sequence[SheetRow], locale: str) -> tuple[str, ...]:
    """The notes, which are in the first section: before the first empty row."""
    section = rows[:1]
    for former, row in pairwise(rows):
        if row.number != former.number + 1:
            break
        section = [*section, row]
    texts = [_texts(row) for row in section]
    label = translated(_NOTE_LABEL, locale)
    return tuple(row[1] for row in texts if len(row) > 1 and row[0] == label)


def _has_totals(texts: Sequence[Sequence[str]], locale: str) -> tuple[bool, ...]:
    label, below = translated(_TOTALS_LABEL, locale), translated(_TOTALS_BELOW, locale)
    found = [row[1:] for row in texts if len(row) > 1 and row[0] == label]
    return tuple(each == below for each in found[0]) if found else (False,)


def _sheets_of(texts: Sequence[Sequence[str]], locale: str) -> Iterator[DataSheet]:
    """The lines between the heading of the sheets and the line about totals."""
    heading = [translated(each, locale) for each in (_ROWS_LABEL, _FIRST_ROW_LABEL)]
    end = translated(_TOTALS_LABEL, locale)
    is_inside, first = False, 0
    for row in texts:
        if is_inside and row[0] == end:
            return
        if is_inside:
            sheet = _sheet_of(row, first)
            yield sheet
            first += sheet.row_count
        is_inside = is_inside or list(row[:2]) == heading


def _sheet_of(row: Sequence[str], first: int) -> DataSheet:
    name, *numbers = row
    if len(numbers) != len(("first row", "last row")) or not all(map(str.isdecimal, numbers)):
        raise FileUnreadable(f"sheet {CONTROL} does not say where the rows of {name!r} are")
    first_row, last_row = map(int, numbers)
    return DataSheet(
        name=name, first=first, row_count=last_row - first_row + 1, header_row=first_row - 1
    )
