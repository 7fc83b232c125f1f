"""The rows around a report's own: the header above, notes and totals below.

What belongs here: which cell says what, the same for writer and reader. What does not: adding up.
"""

from collections.abc import Iterator, Sequence

from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.report_document import NO_ROWS
from reporting_pipeline.exports.xlsx.layout import header_text
from reporting_pipeline.exports.xlsx.plain_rows import PlainCell, amount, bold, count
from reporting_pipeline.exports.xlsx.styles import HEADER, HEADER_OF_FIGURES, NOTE
from reporting_pipeline.registry.columns import Unit


def header_row(manifest: Manifest) -> dict[int, PlainCell]:
    """The header: its cells by the index of their column."""
    return {
        index: PlainCell(
            header_text(column.header, column.type, manifest.time_zone),
            HEADER_OF_FIGURES if column.unit else HEADER,
        )
        for index, column in enumerate(manifest.columns)
    }


def rows_below(
    manifest: Manifest, notes: Sequence[str], *, has_totals: bool
) -> Iterator[dict[int, PlainCell]]:
    """What stands below the last row: notes where there are no rows; an empty row and the totals.

    Notes of a report that has rows stand on the Control sheet alone.
    """
    if manifest.row_count == 0:
        yield from ({0: PlainCell(note, NOTE)} for note in notes or (NO_ROWS,))
    if has_totals and manifest.totals:
        yield {}
        yield from _totals_rows(manifest)


def total_cell(column: ColumnPart, part: TotalPart) -> PlainCell:
    """The total of one column and currency."""
    value = part.values[column.name]
    return amount(value, part.currency) if column.unit == Unit.MINOR else count(value)


def _totals_rows(manifest: Manifest) -> Iterator[dict[int, PlainCell]]:
    """A row for each part of the totals: its cells by the index of their column.

    The label stands in the first column that has no total, behind the last one if all have.
    """
    for part in manifest.totals:
        cells = {
            index: total_cell(column, part)
            for index, column in enumerate(manifest.columns)
            if column.name in part.values
        }
        free = (index for index in range(len(manifest.columns) + 1) if index not in cells)
        cells[next(free)] = bold(_label(part))
        yield cells


def _label(part: TotalPart) -> str:
    """What stands before the figures of one currency."""
    return "Total" if part.currency is None else f"Total {part.currency}"
