"""The rows of totals below a table: one per currency, each figure under its column.

What belongs here: the manifest's totals as cells. What does not: adding anything up.
"""

from dataclasses import dataclass

from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.pdf.cells import CellTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """One row: a label over the first `span` columns, then a text for each column that is left."""

    label: str
    span: int
    cells: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands in each cell."""
        return ((self.label,) if self.span else ()) + self.cells


def total_rows(manifest: Manifest, texts: CellTexts) -> list[TotalRow]:
    """The rows in the order of the manifest; a label has a row of its own if no column is free."""
    width = len(texts.columns)
    summed = {name for total in manifest.totals for name in total.values}
    span = next((i for i, column in enumerate(texts.columns) if column.name in summed), width)
    rows = []
    for total in manifest.totals:
        label = f"Total {total.currency}" if total.currency else "Total"
        if span == 0:
            rows.append(TotalRow(label=label, span=width, cells=()))
        cells = tuple(_text(texts, column, total) for column in texts.columns[span:])
        rows.append(TotalRow(label=label if span else "", span=span, cells=cells))
    return rows


def _text(texts: CellTexts, column: ColumnPart, total: TotalPart) -> str:
    value = total.values.get(column.name)
    return "" if value is None else texts.text(column, str(value), total.currency)
