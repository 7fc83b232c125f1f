"""The rows below the report's rows: notes where there are none, and totals.

Totals are formulas that follow the filter of the sheet; each keeps the total as its last value. A
total of one currency is `SUBTOTAL(109,E7:E98)`: of the rows that are shown. Among several
currencies, the rows of one are chosen too. A ratio is that of all rows, so it is empty while some
are hidden. Some totals stay constants: of columns with amounts that no number holds exactly, and of
several currencies over many rows, where each use of the filter would take seconds.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from reporting_pipeline.exports.manifest import Manifest, TotalPart
from reporting_pipeline.exports.report_document import NO_ROWS
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.layout import (
    DataSheet,
    PlainCell,
    bold_cell,
    column_letters,
    total_cell,
)
from reporting_pipeline.languages import translated
from reporting_pipeline.registry.columns import ColumnType

MAX_ROWS_OF_CURRENCIES = 20_000
_SUM_OF_SHOWN, _COUNT_OF_SHOWN = 109, 103


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalFormulas:
    """The formulas of the totals of one report, or of one block.

    Attributes:
        sheets: The data sheets, in order; the totals are on the last one.
        texts: The indexes of the columns that have an amount as text.
    """

    manifest: Manifest
    sheets: Sequence[DataSheet]
    texts: Collection[int] = ()

    def computed(self, cell: PlainCell, index: int, part: TotalPart) -> PlainCell:
        """A total in column `index` with its formula; unchanged where it stays a constant."""
        if not cell.is_number or index in self.texts or not self.manifest.row_count:
            return cell
        if self.manifest.columns[index].name in part.ratios:
            return replace(cell, formula=self._of_all_rows(cell.text, part))
        if len(self.manifest.totals) == 1:
            formula = f"SUBTOTAL({_SUM_OF_SHOWN},{self._ranges(index)})"
            return replace(cell, formula=formula)
        return replace(cell, formula=self._of_currency(index, part))

    def _of_all_rows(self, value: str, part: TotalPart) -> str:
        """The value while all rows are shown, else nothing."""
        names = [column.name for column in self.manifest.columns]
        rows = self._ranges(next(map(names.index, part.values), 0))
        return f'IF(SUBTOTAL({_COUNT_OF_SHOWN},{rows})=COUNTA({rows}),{value},"")'

    def _of_currency(self, index: int, part: TotalPart) -> str:
        types = [column.type for column in self.manifest.columns]
        if (
            len(self.sheets) > 1
            or self.manifest.row_count > MAX_ROWS_OF_CURRENCIES
            or ColumnType.CURRENCY not in types
        ):
            return ""
        amounts, codes = self._ranges(index), self._ranges(types.index(ColumnType.CURRENCY))
        first = amounts.partition(":")[0]
        code = (part.currency or "").replace('"', '""')
        return (
            f"SUMPRODUCT(SUBTOTAL({_SUM_OF_SHOWN},OFFSET({first},ROW({amounts})-ROW({first}),0))"
            f',--({codes}="{code}"))'
        )

    def _ranges(self, index: int) -> str:
        """The cells of a column on all sheets."""
        letters = column_letters(index)
        *others, last = self.sheets
        ranges = [f"{_quoted(each.name)}!{_cells(each, letters)}" for each in others]
        return ",".join([*ranges, _cells(last, letters)])


def rows_below(
    manifest: Manifest, notes: Sequence[str], formulas: TotalFormulas | None
) -> Iterator[dict[int, PlainCell]]:
    """The rows below the report's last row: notes where there are no rows; an empty row and totals.

    The notes of a report with rows are on the Control sheet only. Without `formulas` there are no
    totals.
    """
    if manifest.row_count == 0:
        no_rows = translated(NO_ROWS, manifest.locale)
        yield from ({0: PlainCell(note, styles.NOTE)} for note in notes or (no_rows,))
    if formulas is not None and manifest.totals:
        yield {}
        yield from _total_rows(manifest, formulas)


def _total_rows(manifest: Manifest, formulas: TotalFormulas) -> Iterator[dict[int, PlainCell]]:
    """A row for each part of the totals: its cells by the index of their column.

    The label is in the first column without a total, or after the last column if all have one.
    """
    for part in manifest.totals:
        cells = {
            index: formulas.computed(total_cell(column, part), index, part)
            for index, column in enumerate(manifest.columns)
            if column.name in part.texts
        }
        free = (index for index in range(len(manifest.columns) + 1) if index not in cells)
        label = f"{translated('Total', manifest.locale)} {part.currency or ''}".rstrip()
        cells[next(free)] = bold_cell(label)
        yield cells


def _cells(sheet: DataSheet, letters: str) -> str:
    return f"{letters}{sheet.first_row}:{letters}{sheet.last_row}"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"
