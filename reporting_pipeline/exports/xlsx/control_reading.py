"""Reading the Control sheet back: the manifest in it, and whether the rest of it follows from that.

What belongs here: this sheet. What does not: data sheets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.xlsx.archive import Archive
from reporting_pipeline.exports.xlsx.control_sheet import (
    MANIFEST_LABEL,
    NOTE_LABEL,
    ROWS_LABEL,
    TOTALS_LABEL,
    ControlFacts,
    control_rows,
)
from reporting_pipeline.exports.xlsx.layout import CONTROL, FIRST_ROW, DataSheet, column_letters
from reporting_pipeline.exports.xlsx.plain_rows import PlainCell
from reporting_pipeline.exports.xlsx.sheet_xml import Cell, SheetRow, SheetXml

_MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSheet:
    """What the Control sheet of a file says.

    Attributes:
        rows: As they stand there.
        sheets: The data sheets that it names.
    """

    rows: tuple[SheetRow, ...]
    manifest: Manifest
    facts: ControlFacts
    sheets: tuple[DataSheet, ...]

    def problems(self) -> Iterator[str]:
        """Where the sheet does not say what follows from its manifest; each as a sentence."""
        expected = control_rows(self.manifest, self.sheets, self.facts)
        found = {row.number: row.cells for row in self.rows}
        number = 0
        for number, cells in enumerate(expected, start=1):
            yield from differing_cells(
                CONTROL, number, dict(enumerate(cells)), found.pop(number, {})
            )
        yield from (f"sheet {CONTROL}, row {each}: a row too many" for each in sorted(found))


def read_control(archive: Archive, tell: Callable[[str], None]) -> ControlSheet:
    """The Control sheet of a file.

    Raises:
        FileUnreadable: There is none, or none of ours.
    """
    part = next((each for each in archive.sheets if each.name == CONTROL), None)
    if part is None:
        raise FileUnreadable(f"there is no sheet {CONTROL!r}")
    reader = SheetXml(CONTROL, archive.shared_texts, tell)
    rows: list[SheetRow] = []
    with archive.open(part) as file:
        for row in reader.rows(file):
            rows.append(row)
            if len(rows) > _MAX_ROWS:
                raise FileUnreadable(f"sheet {CONTROL} has more than {_MAX_ROWS} rows")
    texts = [_texts(row) for row in rows]
    return ControlSheet(
        rows=tuple(rows),
        manifest=_manifest(texts),
        facts=ControlFacts(notes=_notes(rows), has_totals=_has_totals(texts)),
        sheets=tuple(_sheets(texts)),
    )


def differing_cells(
    sheet: str, number: int, expected: Mapping[int, PlainCell], found: Mapping[int, Cell]
) -> Iterator[str]:
    """The cells of a row that do not say what is expected; each as a sentence."""
    for index in sorted(expected.keys() | found.keys()):
        wanted = expected[index].text if index in expected else ""
        actual = found[index].text or "" if index in found else ""
        if wanted != actual and not _is_same_number(expected.get(index), found.get(index)):
            yield (
                f"sheet {sheet}, cell {column_letters(index)}{number}: "
                f"expected {wanted!r}, found {actual!r}"
            )


def _is_same_number(expected: PlainCell | None, found: Cell | None) -> bool:
    if expected is None or found is None or not expected.is_number or found.kind != "n":
        return False
    try:
        return float(expected.text) == float(found.text or "")
    except ValueError:
        return False


def _texts(row: SheetRow) -> list[str]:
    return [row.cells[index].text or "" for index in sorted(row.cells)]


def _manifest(texts: Sequence[Sequence[str]]) -> Manifest:
    parts = [row[1] for row in texts if len(row) > 1 and row[0] == MANIFEST_LABEL]
    try:
        return Manifest.model_validate_json("".join(parts))
    except ValueError as error:
        message = f"sheet {CONTROL} holds no manifest of a report: {error}"
        raise FileUnreadable(message) from error


def _notes(rows: Sequence[SheetRow]) -> tuple[str, ...]:
    """The notes, which stand in the first section: before the first empty row."""
    section = rows[:1]
    for former, row in pairwise(rows):
        if row.number != former.number + 1:
            break
        section = [*section, row]
    texts = [_texts(row) for row in section]
    return tuple(row[1] for row in texts if len(row) > 1 and row[0] == NOTE_LABEL)


def _has_totals(texts: Sequence[Sequence[str]]) -> bool:
    shown = ControlFacts(notes=(), has_totals=True).totals_words
    return [TOTALS_LABEL, shown] in [list(row) for row in texts]


def _sheets(texts: Sequence[Sequence[str]]) -> Iterator[DataSheet]:
    """The lines between the heading of the sheets and the line about totals."""
    is_among, first = False, 0
    for row in texts:
        if is_among and row[0] == TOTALS_LABEL:
            return
        if is_among:
            row_count = _row_count(row)
            yield DataSheet(name=row[0], first=first, row_count=row_count)
            first += row_count
        is_among = is_among or list(row[:2]) == [ROWS_LABEL, "First row"]


def _row_count(row: Sequence[str]) -> int:
    name, *_, last_row = row
    if not last_row.isdecimal():
        raise FileUnreadable(f"sheet {CONTROL} does not say where the rows of {name!r} end")
    return int(last_row) - FIRST_ROW + 1
