"""Reading an XLSX report back, to verify it.

The rows come back exactly: money by the digits of its row's currency, instants by the report's zone
and what the style of the cell says of the offset, null apart from the empty text. On the way,
everything is told that stands in the sheets and that the report does not say.

What belongs here: a file's sheets as rows of the report. What does not: comparing figures
(`exports.verify`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn, TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.xlsx.archive import Archive, SheetPart, open_archive
from reporting_pipeline.exports.xlsx.around import header_row, rows_below
from reporting_pipeline.exports.xlsx.control_reading import (
    ControlSheet,
    differing_cells,
    read_control,
)
from reporting_pipeline.exports.xlsx.control_sheet import ControlFacts
from reporting_pipeline.exports.xlsx.layout import (
    CONTROL,
    FIRST_ROW,
    column_letters,
    sheet_name,
)
from reporting_pipeline.exports.xlsx.plain_rows import PlainCell
from reporting_pipeline.exports.xlsx.sheet_xml import Cell, SheetRow, SheetXml
from reporting_pipeline.exports.xlsx.values import cell_reader
from reporting_pipeline.registry.columns import ColumnType

Tell: TypeAlias = Callable[[str], None]
"""Is given a sentence for each thing that is not as it should be."""

_NAME = re.compile(r"(PROVISIONAL )?Data( \d+)?")
_NO_CELL = Cell(0, "n", None)


def embedded_manifest(path: Path) -> Manifest:
    """The manifest that stands inside an XLSX report.

    Raises:
        FileUnreadable: The file is no XLSX file, or none of ours, or damaged.
    """
    with open_archive(path) as archive:
        return read_control(archive, _nobody).manifest


def canonical_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    """The canonical rows of an XLSX report, at flat memory.

    Raises:
        FileUnreadable: The file is damaged, or a cell does not hold what its column may; it is
            named, with `facts["row"]` and `facts["column"]`.
    """
    return told_rows(path, manifest, _nobody)


def told_rows(path: Path, manifest: Manifest, tell: Tell) -> Iterator[CanonicalRow]:
    """The same rows; `tell` hears of everything that is not as the report's writer does it.

    Raises:
        FileUnreadable: As `canonical_rows`.
    """
    with open_archive(path) as archive:
        for problem in archive.foreign_parts():
            tell(problem)
        control = _told_control(archive, manifest, tell)
        names = [part.name for part in archive.sheets]
        pages = [part for part in archive.sheets if _NAME.fullmatch(part.name)]
        if names != [*(part.name for part in pages), CONTROL]:
            tell(f"the sheets are {', '.join(names)}; a report has its data, then {CONTROL}")
        for part in pages:
            page = _Page(archive, part, manifest, tell)
            yield from page.rows()
            if control is not None:
                page.tell_row_count(control)
                page.tell_below(control.facts if part is pages[-1] else None)


def row_place(path: Path, index: int) -> str:
    """Where the report's row `index`, counted from 0, stands: `sheet Data 2, row 17`."""
    with open_archive(path) as archive:
        for sheet in read_control(archive, _nobody).sheets:
            if sheet.first <= index < sheet.first + sheet.row_count:
                return f"sheet {sheet.name}, row {index - sheet.first + FIRST_ROW}"
    return f"row {index + 1}"


class _Page:
    """One data sheet that is read."""

    def __init__(self, archive: Archive, part: SheetPart, manifest: Manifest, tell: Tell) -> None:
        self._archive = archive
        self._part = part
        self._manifest = manifest
        self._tell = tell
        self._below: list[SheetRow] = []
        self._row_count = 0
        self._readers = [cell_reader(column, manifest) for column in manifest.columns]
        types = [column.type for column in manifest.columns]
        code = ColumnType.CURRENCY
        self._currency = types.index(code) if code in types else None

    def rows(self) -> Iterator[CanonicalRow]:
        """The sheet's rows of the report; the header is compared on the way."""
        next_row = 1
        reader = SheetXml(self._part.name, self._archive.shared_texts, self._tell)
        with self._archive.open(self._part) as file:
            for row in reader.rows(file):
                if row.number == 1:
                    self._compare(row, header_row(self._manifest))
                elif self._is_below(row):
                    self._below.append(row)
                else:
                    if row.number != next_row:
                        self._tell(f"sheet {self._part.name}: row {next_row} is empty")
                    self._row_count += 1
                    yield self._values(row)
                next_row = row.number + 1

    def tell_row_count(self, control: ControlSheet) -> None:
        """Compare with what the Control sheet says of this one, once the rows are read."""
        expected = {sheet.name: sheet.row_count for sheet in control.sheets}.get(self._part.name)
        if expected not in {None, self._row_count}:
            self._tell(f"sheet {self._part.name} has {self._row_count} rows, not {expected}")

    def tell_below(self, facts: ControlFacts | None) -> None:
        """Compare what stands below the rows, once they are read; None: nothing may stand there."""
        expected: list[dict[int, PlainCell]] = []
        if facts is not None:
            all_rows = rows_below(self._manifest, facts.notes, has_totals=facts.has_totals)
            expected = [cells for cells in all_rows if cells]
        for row, cells in zip(self._below, expected, strict=False):
            self._compare(row, cells)
        for row in self._below[len(expected) :]:
            self._tell(f"sheet {self._part.name}, row {row.number}: a row that no report has")
        for cells in expected[len(self._below) :]:
            self._tell(f"sheet {self._part.name}: the row {cells[min(cells)].text!r} is missing")

    def _is_below(self, row: SheetRow) -> bool:
        """Whether it is a total, all in bold, or a note, all in italics."""
        looks = (self._archive.style(cell.style) for cell in row.cells.values())
        return all(look.is_bold or look.is_italic for look in looks)

    def _values(self, row: SheetRow) -> CanonicalRow:
        cells = [row.cells.get(index, _NO_CELL) for index in range(len(self._readers))]
        if max(row.cells) >= len(cells):
            self._fail(row.number, max(row.cells), "a value beside the report's columns")
        code = None if self._currency is None else cells[self._currency].text
        return tuple(
            None if cell.text is None else self._value(row.number, index, cell, code)
            for index, cell in enumerate(cells)
        )

    def _value(self, number: int, index: int, cell: Cell, code: str | None) -> str:
        try:
            return self._readers[index](cell, self._archive.style(cell.style), code)
        except (ValueError, ArithmeticError) as error:
            self._fail(number, index, str(error))

    def _compare(self, row: SheetRow, expected: Mapping[int, PlainCell]) -> None:
        for problem in differing_cells(self._part.name, row.number, expected, row.cells):
            self._tell(problem)

    def _fail(self, number: int, index: int, what: str) -> NoReturn:
        columns = self._manifest.columns
        name = columns[index].name if index < len(columns) else ""
        place = f"sheet {self._part.name}, cell {column_letters(index)}{number}"
        message = f"{place}{f', column {name!r}' if name else ''}: {what}"
        raise FileUnreadable(message, row=number, column=name)


def _told_control(archive: Archive, manifest: Manifest, tell: Tell) -> ControlSheet | None:
    try:
        control = read_control(archive, tell)
    except FileUnreadable as error:
        tell(error.message)
        return None
    for problem in control.problems():
        tell(problem)
    expected = [
        sheet_name(number, is_provisional=manifest.is_provisional)
        for number in range(1, len(control.sheets) + 1)
    ]
    found = [each.name for each in archive.sheets]
    tell_each = (f"sheet {name!r} is missing" for name in expected if name not in found)
    for problem in tell_each:
        tell(problem)
    for name in found:
        if name not in {*expected, CONTROL}:
            tell(f"there is a sheet {name!r}, which the report does not have")
    return control


def _nobody(_sentence: str) -> None:
    """To whom nothing is told."""
