"""Reads the rows of an XLSX report back, to verify it.

The rows come back exactly: money by the digits of its row's currency, instants by the report's time
zone and the offset in the number format of the cell, null apart from the empty text. On the way,
everything in the sheets that does not follow from the report is reported as a problem.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.format import ProblemSink, ignore_problem
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.presentation import minor_digits, minor_of
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.control_sheet import (
    ControlFacts,
    ControlSheet,
    differing_cells,
    read_control,
)
from reporting_pipeline.exports.xlsx.day_numbers import WallClock, date_of
from reporting_pipeline.exports.xlsx.layout import (
    FIRST_ROW,
    TERMS,
    DataSheet,
    PlainCell,
    header_row,
    rows_below,
    sheet_name,
    sheets_after_data,
    terms_rows,
)
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

_DATA_SHEET = re.compile(r"(PROVISIONAL )?Data( \d+)?")
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
        data_sheets = [sheet for sheet in file.sheets if _DATA_SHEET.fullmatch(sheet.name)]
        after = sheets_after_data(manifest)
        if names != [*(sheet.name for sheet in data_sheets), *after]:
            report_problem(
                f"the sheets are {', '.join(names)}; a report has its data, then {', '.join(after)}"
            )
        _compare_terms(file, manifest, report_problem)
        for sheet in data_sheets:
            reader = _DataSheetReader(file, sheet, manifest, report_problem)
            yield from reader.rows()
            if control is not None:
                reader.compare_row_count(control)
                reader.compare_rows_below(control.facts if sheet is data_sheets[-1] else None)


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
            yield _rows_of_block(file, of_block, part, (control, facts), report_problem)


def _rows_of_block(
    file: XlsxFile,
    sheets: Sequence[SheetPart],
    manifest: Manifest,
    control: tuple[ControlSheet, ControlFacts],
    report_problem: ProblemSink,
) -> Iterator[CanonicalRow]:
    for sheet in sheets:
        reader = _DataSheetReader(file, sheet, manifest, report_problem)
        yield from reader.rows()
        reader.compare_row_count(control[0])
        reader.compare_rows_below(control[1] if sheet is sheets[-1] else None)


def row_place(path: Path, index: int) -> str:
    """The place of the report's row `index`, counted from 0: `sheet Data 2, row 17`."""
    with open_xlsx(path) as file:
        for sheet in read_control(file, ignore_problem).sheets:
            if sheet.first <= index < sheet.first + sheet.row_count:
                return f"sheet {sheet.name}, row {index - sheet.first + FIRST_ROW}"
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
    expected = [
        sheet_name(number, is_provisional=manifest.is_provisional)
        for number in range(1, len(control.sheets) + 1)
    ]
    found = [each.name for each in file.sheets]
    for name in expected:
        if name not in found:
            report_problem(f"sheet {name!r} is missing")
    for name in found:
        if name not in {*expected, *sheets_after_data(manifest)}:
            report_problem(f"there is a sheet {name!r}, which the report does not have")
    return control


def _compare_terms(file: XlsxFile, manifest: Manifest, report_problem: ProblemSink) -> None:
    """Report each cell of the sheet of terms that is not as it was written."""
    part = next((each for each in file.sheets if each.name == TERMS), None)
    if part is None or not manifest.terms:
        return  # the comparison of the sheets' names reports it
    rows = {row.number: row.cells for row in file.rows(part, report_problem)}
    for number, cells in enumerate(terms_rows(manifest), start=1):
        for problem in differing_cells(TERMS, number, dict(enumerate(cells)), rows.pop(number, ())):
            report_problem(problem)
    for number in sorted(rows):
        report_problem(f"sheet {TERMS}, row {number}: a row too many")


class _DataSheetReader:
    """Reads one data sheet, and then compares the rows around the report's rows."""

    def __init__(
        self, file: XlsxFile, sheet: SheetPart, manifest: Manifest, report_problem: ProblemSink
    ) -> None:
        self._file = file
        self._sheet = sheet
        self._manifest = manifest
        self._report_problem = report_problem
        self._below: list[SheetRow] = []
        self._row_count = 0
        self._names = [column.name for column in manifest.columns]
        self._readers = [_cell_reader(column, manifest) for column in manifest.columns]
        types = [column.type for column in manifest.columns]
        code = ColumnType.CURRENCY
        self._currency = types.index(code) if code in types else None

    def rows(self) -> Iterator[CanonicalRow]:
        """The sheet's rows of the report; the header is compared on the way."""
        next_number = 1
        for row in self._file.rows(self._sheet, self._report_problem, self._names):
            if row.number == 1:
                self._compare(row, header_row(self._manifest))
            elif is_marked(row):
                self._below.append(row)
            else:
                if row.number != next_number:
                    self._report_problem(f"sheet {self._sheet.name}: row {next_number} is empty")
                self._row_count += 1
                yield self._values(row)
            next_number = row.number + 1

    def compare_row_count(self, control: ControlSheet) -> None:
        """Compare the number of rows with the Control sheet, after the rows are read."""
        expected = {sheet.name: sheet.row_count for sheet in control.sheets}.get(self._sheet.name)
        if expected not in {None, self._row_count}:
            self._report_problem(
                f"sheet {self._sheet.name} has {self._row_count} rows, not {expected}"
            )

    def compare_rows_below(self, facts: ControlFacts | None) -> None:
        """Compare the notes and totals below the rows, after these are read; None: no such rows."""
        expected: list[dict[int, PlainCell]] = []
        if facts is not None:
            all_rows = rows_below(self._manifest, facts.notes, has_totals=any(facts.has_totals))
            expected = [cells for cells in all_rows if cells]
        name = self._sheet.name
        for row, cells in zip(self._below, expected, strict=False):
            self._compare(row, cells)
        for row in self._below[len(expected) :]:
            self._report_problem(f"sheet {name}, row {row.number}: a row that no report has")
        for cells in expected[len(self._below) :]:
            self._report_problem(f"sheet {name}: the row {cells[min(cells)].text!r} is missing")

    def _values(self, row: SheetRow) -> CanonicalRow:
        cells, width = row.cells, len(self._readers)
        if len(cells) > width:
            problem = "a value beside the report's columns"
            raise unreadable_cell(
                self._sheet.name, row.number, len(cells) - 1, self._names, problem
            )
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
        try:
            return self._readers[index](cell, code)
        except (ValueError, ArithmeticError) as error:
            raise unreadable_cell(
                self._sheet.name, number, index, self._names, str(error)
            ) from error

    def _compare(self, row: SheetRow, expected: Mapping[int, PlainCell]) -> None:
        for problem in differing_cells(self._sheet.name, row.number, expected, row.cells):
            self._report_problem(problem)


def _cell_reader(column: ColumnPart, manifest: Manifest) -> _CellReader:
    if column.type == ColumnType.INSTANT:
        return _instant_reader(manifest.time_zone)
    if column.unit == Unit.MINOR:
        return _money
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


def _instant_reader(zone: str) -> _CellReader:
    clock = WallClock(zone)

    def read(cell: SheetCell, _code: str | None) -> str:
        if is_text(cell):
            return shown_text(cell)
        offset = styles.offset_of(cell.number_format or "")
        if offset is None:
            _require_format(cell, styles.INSTANT)
        return f"{clock.instant(_double(cell), offset):%Y-%m-%dT%H:%M:%S.%fZ}"

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
