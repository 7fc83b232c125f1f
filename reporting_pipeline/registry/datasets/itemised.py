"""Columns of itemised datasets: those of the table whose rows they itemise, and the item's own.

An itemised dataset has every figure of its table, each row with what it adds to the sum: grouped by
the table's key it gives the table.

What belongs here: how columns are taken over from a table. What does not: any one dataset.
"""

from collections.abc import Collection
from dataclasses import replace

from reporting_pipeline.registry.columns import Column, ColumnKind, ReportTable


def column_of(table: ReportTable, name: str) -> Column:
    """A column of the table as one that follows from the item; the organisation stays key."""
    [column] = [each for each in table.columns if each.name == name]
    if column.kind is ColumnKind.KEY and name != "organization_id":
        return replace(column, kind=ColumnKind.ATTRIBUTE)
    return column


def figures_of(table: ReportTable, *, but: Collection[str] = ()) -> tuple[Column, ...]:
    """The additive figures of the table, in table order, those named in `but` left out."""
    return tuple(
        each for each in table.columns if each.kind is ColumnKind.MEASURE and each.name not in but
    )
