"""Reads the rows of an XLSX report back, to verify it.

The rows come back exactly: money by the digits of its row's currency, instants by the report's time
zone and the offset in the number format of the cell, null apart from the empty text. On the way,
everything in the sheets that does not follow from the report is reported as a problem.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from reporting_pipeline.domain.currencies import minor_digits
from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.format import ProblemSink, ignore_problem
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.presentation import minor_of
from reporting_pipeline.exports.report_heading import provisional_texts
from reporting_pipeline.exports.shown_words import value_of
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.control_sheet import (
    ControlFacts,
    ControlSheet,
    differing_cells,
    read_control,
)
from reporting_pipeline.exports.xlsx.day_numbers import WallClock, date_of
from reporting_pipeline.exports.xlsx.layout import (
    DATA,
    DataSheet,
    PlainCell,
    column_letters,
    header_row,
    heading_rows,
    sheet_name,
    sheets_after_data,
    terms_name,
    terms_rows,
)
from reporting_pipeline.exports.xlsx.rows_below import TotalFormulas, rows_below
from reporting_pipeline.exports.xlsx.sheet_reader import (
    SheetCell,
    SheetPart,
    SheetRow,
    XlsxFile,
    is_marked,
    is_number,
    is_text,
    open_xlsx,
    shown_text,
    unreadable_cell,
)
from reporting_pipeline.exports.xlsx.styles import EXACT_BELOW, Style
from reporting_pipeline.registry.columns import ColumnType, Unit

_CellReader: TypeAlias = Callable[[SheetCell, str | None], str]
"""A cell that is not empty, its row's currency -> canonical text; raises ValueError."""

_INTEGER = re.compile(r"-?[0-9]+")
_MICRO = Decimal("0.000001")


def embedded_manifest(path: Path) -> Manifest:
    """See `Format.embedded_manifest`."""
    with open_xlsx(path) as file:
        return read_control(file, ignore_problem).manifest


def read_rows(
    path: Path, manifest: Manifest, report_problem: ProblemSink
) -> Iterator[CanonicalRow]:
    """See `Format.read`; an error has `facts["row"]` and `facts["column"]`."""
    with open_xlsx(path) as file:
        for problem in file.foreign_parts():
            report_problem(problem)
        control = _compared_control(file, manifest, report_problem)
        names = [sheet.name for sheet in file.sheets]
        data_sheets = [sheet for sheet in file.sheets if _is_data_sheet(sheet, manifest)]
        after = sheets_after_data(manifest)
        if names != [*(sheet.name for sheet in data_sheets), *after]:
            report_problem(
                f"the sheets are {', '.join(names)}; a report has its data, then {', '.join(after)}"
            )
        _compare_terms(file, manifest, report_problem)
        reader = _DataSheetReader(file, manifest, report_problem)
        for sheet in data_sheets:
            yield from reader.rows(sheet)
            if control is not None:
                reader.compare_row_count(control)
                facts = control.facts if sheet is data_sheets[-1] else None
                reader.compare_rows_below(facts, control.sheets)


def read_blocks(
    path: Path, manifest: Manifest, sheets: Sequence[DataSheet], report_problem: ProblemSink
) -> Iterator[Iterator[CanonicalRow]]:
    """See `Format.read_blocks`; `sheets` are those that the report should have."""
    with open_xlsx(path) as file:
        for problem in file.foreign_parts():
            report_problem(problem)
        control = read_control(file, report_problem)
        for problem in control.problems():
            report_problem(problem)
        found, expected = [each.name for each in file.sheets], [each.name for each in sheets]
        expected += sheets_after_data(manifest)
        if found != expected:
            report_problem(f"the sheets are {', '.join(found)}, not {', '.join(expected)}")
        _compare_terms(file, manifest, report_problem)
        for position, part in enumerate(manifest.parts):
            names = [each.name for each in sheets if each.block == position]
            of_block = [each for each in file.sheets if each.name in names]
            facts = ControlFacts(
                notes=(), has_totals=control.facts.has_totals[position : position + 1]
            )
            title = manifest.blocks[position].title
            reader = _DataSheetReader(file, part, report_problem, title)
            yield _rows_of_block(reader, of_block, control, facts)


def _rows_of_block(
    reader: "_DataSheetReader",
    sheets: Sequence[SheetPart],
    control: ControlSheet,
    facts: ControlFacts,
) -> Iterator[CanonicalRow]:
    names = [each.name for each in sheets]
    listed = [each for each in control.sheets if each.name in names]
    for sheet in sheets:
        yield from reader.rows(sheet)
        reader.compare_row_count(control)
        reader.compare_rows_below(facts if sheet is sheets[-1] else None, listed)


def row_place(path: Path, index: int) -> str:
    """The place of the report's row `index`, counted from 0: `sheet Data 2, row 17`."""
    with open_xlsx(path) as file:
        for sheet in read_control(file, ignore_problem).sheets:
            if sheet.first <= index < sheet.first + sheet.row_count:
                return f"sheet {sheet.name}, row {index - sheet.first + sheet.first_row}"
    return f"row {index + 1}"


def _compared_control(
    file: XlsxFile, manifest: Manifest, report_problem: ProblemSink
) -> ControlSheet | None:
    """The Control sheet, after a comparison with its own manifest; None: it cannot be read."""
    try:
        control = read_control(file, report_problem)
    except FileUnreadable as error:
        report_problem(error.message)
        return None
    for problem in control.problems():
        report_problem(problem)
    expected = [sheet_name(number, manifest) for number in range(1, len(control.sheets) + 1)]
    found = [each.name for each in file.sheets]
    for name in expected:
        if name not in found:
            report_problem(f"sheet {name!r} is missing")
    for name in found:
        if name not in {*expected, *sheets_after_data(manifest)}:
            report_problem(f"there is a sheet {name!r}, which the report does not have")
    return control


def _is_data_sheet(sheet: SheetPart, manifest: Manifest) -> bool:
    stamp = re.escape(provisional_texts(manifest)[0])
    return re.fullmatch(rf"({stamp} )?{DATA}( \d+)?", sheet.name) is not None


def _compare_terms(file: XlsxFile, manifest: Manifest, report_problem: ProblemSink) -> None:
    """Report each cell of the sheet of terms that is not as it was written."""
    name = terms_name(manifest.locale)
    part = next((each for each in file.sheets if each.name == name), None)
    if part is None or not manifest.terms:
        return  # the comparison of the sheets' names reports it
    rows = {row.number: row.cells for row in file.rows(part, report_problem)}
    for number, cells in enumerate(terms_rows(manifest), start=1):
        for problem in differing_cells(name, number, dict(enumerate(cells)), rows.pop(number, ())):
            report_problem(problem)
    for number in sorted(rows):
        report_problem(f"sheet {name}, row {number}: a row too many")


class _DataSheetReader:
    """Reads the data sheets of one report or block, and compares the rows around its rows."""

    def __init__(
        self,
        file: XlsxFile,
        manifest: Manifest,
        report_problem: ProblemSink,
        block_title: str = "",
    ) -> None:
        self._file = file
        self._manifest = manifest
        self._report_problem = report_problem
        heading = dict(enumerate(heading_rows(manifest, block_title), start=1))
        self._header_row = len(heading) + 1
        self._above = heading | {self._header_row: header_row(manifest)}
        self._name = ""
        self._formulas: dict[str, str] = {}
        self._below: list[SheetRow] = []
        self._row_count = 0
        self._names = [column.name for column in manifest.columns]
        self._readers = [_cell_reader(column, manifest) for column in manifest.columns]
        self._texts: set[int] = set()
        self._figures = [column.type == ColumnType.BIGINT for column in manifest.columns]
        types = [column.type for column in manifest.columns]
        code = ColumnType.CURRENCY
        self._currency = types.index(code) if code in types else None

    def rows(self, sheet: SheetPart) -> Iterator[CanonicalRow]:
        """A sheet's rows of the report; its heading and header are compared on the way."""
        self._name, self._below, self._row_count = sheet.name, [], 0
        self._formulas = {}
        above = {number: cells for number, cells in self._above.items() if cells}
        next_number = self._header_row + 1
        for row in self._file.rows(sheet, self._report_problem, self._names, self._formulas):
            if row.number <= self._header_row:
                self._compare(row, above.pop(row.number, {}))
                continue
            if is_marked(row):
                self._below.append(row)
            else:
                if row.number != next_number:
                    self._report_problem(f"sheet {self._name}: row {next_number} is empty")
                self._row_count += 1
                yield self._values(row)
            next_number = row.number + 1
        for number in above:
            self._report_problem(f"sheet {self._name}: row {number} is empty")

    def compare_row_count(self, control: ControlSheet) -> None:
        """Compare the number of rows with the Control sheet, after the rows are read."""
        expected = {sheet.name: sheet.row_count for sheet in control.sheets}.get(self._name)
        if expected not in {None, self._row_count}:
            self._report_problem(f"sheet {self._name} has {self._row_count} rows, not {expected}")

    def compare_rows_below(self, facts: ControlFacts | None, sheets: Sequence[DataSheet]) -> None:
        """Compare the notes and totals below the rows, after these are read; None: no such rows.

        Args:
            facts: Those of the Control sheet.
            sheets: All data sheets of the report or the block.
        """
        expected: list[dict[int, PlainCell]] = []
        if facts is not None:
            formulas = TotalFormulas(manifest=self._manifest, sheets=sheets, texts=self._texts)
            all_rows = rows_below(
                self._manifest, facts.notes, formulas if any(facts.has_totals) else None
            )
            expected = [cells for cells in all_rows if cells]
        for row, cells in zip(self._below, expected, strict=False):
            self._compare(row, cells)
        for row in self._below[len(expected) :]:
            self._report_problem(f"sheet {self._name}, row {row.number}: a row that no report has")
        for cells in expected[len(self._below) :]:
            text = cells[min(cells)].text
            self._report_problem(f"sheet {self._name}: the row {text!r} is missing")
        self._compare_formulas(expected)

    def _compare_formulas(self, expected: Sequence[Mapping[int, PlainCell]]) -> None:
        wanted = {
            f"{column_letters(index)}{row.number}": cell.formula
            for row, cells in zip(self._below, expected, strict=False)
            for index, cell in cells.items()
            if cell.formula
        }
        for name, formula in self._formulas.items():
            if name not in wanted:
                self._report_problem(f"sheet {self._name}: cell {name} is a formula")
            elif formula != wanted[name]:
                self._report_problem(
                    f"sheet {self._name}: cell {name} is computed by {formula!r}, not by "
                    f"{wanted[name]!r}"
                )
        for name in wanted.keys() - self._formulas.keys():
            self._report_problem(f"sheet {self._name}: the formula of cell {name} is missing")

    def _values(self, row: SheetRow) -> CanonicalRow:
        cells, width = row.cells, len(self._readers)
        if len(cells) > width:
            problem = "a value beside the report's columns"
            raise unreadable_cell(self._name, row.number, len(cells) - 1, self._names, problem)
        code = None
        if self._currency is not None and self._currency < len(cells):
            currency = cells[self._currency]
            code = None if currency.value is None else shown_text(currency)
        values = [
            None if cell.value is None else self._value(row.number, index, cell, code)
            for index, cell in enumerate(cells)
        ]
        return (*values, *[None] * (width - len(values)))

    def _value(self, number: int, index: int, cell: SheetCell, code: str | None) -> str:
        if self._figures[index] and is_text(cell):
            self._texts.add(index)
        try:
            return self._readers[index](cell, code)
        except (ValueError, ArithmeticError) as error:
            raise unreadable_cell(self._name, number, index, self._names, str(error)) from error

    def _compare(self, row: SheetRow, expected: Mapping[int, PlainCell]) -> None:
        for problem in differing_cells(self._name, row.number, expected, row.cells):
            self._report_problem(problem)


def _cell_reader(column: ColumnPart, manifest: Manifest) -> _CellReader:
    if column.type == ColumnType.INSTANT:
        return _instant_reader(manifest.zone)
    if column.unit == Unit.MINOR:
        return _money
    if column.words and column.type == ColumnType.TEXT:
        return _word_reader(column.words)
    return _READERS.get(column.type, _text)


def _money(cell: SheetCell, code: str | None) -> str:
    if is_text(cell):
        text = shown_text(cell)
        minor = minor_of(text, code)
        if minor is None or abs(minor) < EXACT_BELOW:
            raise ValueError(f"text {text!r} where money is expected")
        _require_format(cell, styles.AMOUNT_TEXT)
        return str(minor)
    digits = minor_digits(code)
    shifted = _number(cell).scaleb(digits or 0)
    if shifted != int(shifted):
        raise ValueError(f"{cell.value}, which {code or 'no currency'} has no minor unit for")
    _require_format(cell, styles.money(digits))
    return str(int(shifted))


def _count(cell: SheetCell, _code: str | None) -> str:
    if is_text(cell):
        text = shown_text(cell)
        if not _INTEGER.fullmatch(text) or abs(int(text)) < EXACT_BELOW:
            raise ValueError(f"text {text!r} where a number is expected")
        _require_format(cell, styles.AMOUNT_TEXT)
        return str(int(text))
    _require_format(cell, styles.COUNT)
    return str(_whole_number(cell))


def _ratio(cell: SheetCell, _code: str | None) -> str:
    number = _number(cell)
    if number != number.quantize(_MICRO):
        raise ValueError(f"{cell.value}, which has more than six decimals")
    _require_format(cell, styles.RATIO)
    return f"{number.quantize(_MICRO):f}"


def _boolean(cell: SheetCell, _code: str | None) -> str:
    if cell.data_type != "b":
        raise ValueError(f"{shown_text(cell)!r} where true or false is expected")
    return "true" if cell.value else "false"


def _date(cell: SheetCell, _code: str | None) -> str:
    if is_text(cell):
        return shown_text(cell)
    _require_format(cell, styles.DATE)
    return date_of(_whole_number(cell)).isoformat()


def _instant_reader(zone: tzinfo) -> _CellReader:
    clock = WallClock(zone)

    def read(cell: SheetCell, _code: str | None) -> str:
        if is_text(cell):
            return shown_text(cell)
        offset = styles.offset_of(cell.number_format or "")
        if offset is None:
            _require_format(cell, styles.INSTANT)
        return f"{clock.instant(_double(cell), offset):%Y-%m-%dT%H:%M:%S.%fZ}"

    return read


def _word_reader(words: Mapping[str, str]) -> _CellReader:
    def read(cell: SheetCell, code: str | None) -> str:
        text = _text(cell, code)
        value = value_of(text, words)
        if value is None:
            raise ValueError(f"text {text!r} where the word of a value is expected")
        return value

    return read


def _text(cell: SheetCell, _code: str | None) -> str:
    if not is_text(cell):
        raise ValueError(f"{shown_text(cell)!r} where text is expected")
    return shown_text(cell)


def _whole_number(cell: SheetCell) -> int:
    number = _number(cell)
    if number != int(number):
        raise ValueError(f"{cell.value} where a whole number is expected")
    return int(number)


def _number(cell: SheetCell) -> Decimal:
    # Excel and similar programs keep a double, and write more digits than it has.
    return Decimal(repr(_double(cell)))


def _double(cell: SheetCell) -> float:
    if not is_number(cell) or not isinstance(cell.value, int | float):
        raise ValueError(f"{shown_text(cell)!r} where a number is expected")
    return float(cell.value)


def _require_format(cell: SheetCell, expected: Style) -> None:
    if cell.number_format != expected.number_format:
        raise ValueError(
            f"a value shown with the number format {cell.number_format!r} instead of "
            f"{expected.number_format!r}"
        )


_READERS: dict[str, _CellReader] = {
    ColumnType.BIGINT: _count,
    ColumnType.RATIO: _ratio,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: _date,
}
