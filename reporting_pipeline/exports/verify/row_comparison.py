"""Two sequences of a report's rows: which is the first that differs, and in which cells.

What belongs here: comparing rows in order. What does not: where they come from.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from reporting_pipeline.exports.canonical import CanonicalRow
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.presentation import major_text
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind
from reporting_pipeline.registry.columns import ColumnType, Unit

# How far is looked for a row that stands elsewhere.
_AHEAD = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowComparison:
    """Compares the rows of a file with those that it should have.

    Attributes:
        manifest: Says what the columns are, and which of them identify a row.
        place: Names the place of the file's row by its index.
    """

    manifest: Manifest
    place: Callable[[int], str]

    def first_difference(
        self, found: Iterator[CanonicalRow], expected: Iterator[CanonicalRow]
    ) -> list[Difference]:
        """Every difference of the first row that differs; none where all rows are the same."""
        for index, (actual, wanted) in enumerate(zip_longest(found, expected)):
            if actual == wanted:
                continue
            if actual is None or wanted is None:
                return [self._one_sided(index, actual, wanted)]
            if self._key(actual) != self._key(wanted):
                moved = self._moved(index, (actual, wanted), found, expected)
                if moved is not None:
                    return [moved]
            return list(self._cells(index, actual, wanted))
        return []

    def _one_sided(
        self, index: int, actual: CanonicalRow | None, wanted: CanonicalRow | None
    ) -> Difference:
        if actual is not None:
            return _row(f"{self.place(index)}: a row too many: {self._named(actual)}")
        named = self._named(wanted or ())
        return _row(f"the file ends after {index} rows; the next one is missing: {named}")

    def _moved(
        self,
        index: int,
        rows: tuple[CanonicalRow, CanonicalRow],
        found: Iterator[CanonicalRow],
        expected: Iterator[CanonicalRow],
    ) -> Difference | None:
        """A row that is missing, or too many: where the other side has it within reach."""
        actual, wanted = rows
        if any(self._key(row) == self._key(actual) for row in islice(expected, _AHEAD)):
            return _row(f"{self.place(index)}: a row is missing before it: {self._named(wanted)}")
        if any(self._key(row) == self._key(wanted) for row in islice(found, _AHEAD)):
            return _row(f"{self.place(index)}: a row too many: {self._named(actual)}")
        return None

    def _cells(
        self, index: int, actual: CanonicalRow, wanted: CanonicalRow
    ) -> Iterator[Difference]:
        place = self.place(index)
        for number, column in enumerate(self.manifest.columns):
            if actual[number] != wanted[number]:
                message = (
                    f"{place}, column {column.name!r}: expected "
                    f"{self._shown(number, wanted)}, found {self._shown(number, actual)}"
                )
                yield Difference(kind=DifferenceKind.CELL, message=message)

    def _key(self, row: CanonicalRow) -> CanonicalRow:
        """What identifies a row: its key, or all of it where the report shows no key."""
        names = self.manifest.row_key
        if not names:
            return row
        return tuple(
            value
            for column, value in zip(self.manifest.columns, row, strict=True)
            if column.name in names
        )

    def _named(self, row: CanonicalRow) -> str:
        names = self.manifest.row_key or [column.name for column in self.manifest.columns]
        return ", ".join(
            f"{column.name} {self._shown(number, row)}"
            for number, column in enumerate(self.manifest.columns)
            if column.name in names
        )

    def _shown(self, number: int, row: CanonicalRow) -> str:
        text, column = row[number], self.manifest.columns[number]
        if text is None:
            return "nothing"
        if column.unit != Unit.MINOR:
            return repr(text) if column.type == ColumnType.TEXT else text
        types = [each.type for each in self.manifest.columns]
        code = row[types.index(ColumnType.CURRENCY)] if ColumnType.CURRENCY in types else None
        try:
            return f"{major_text(int(text), code)} {code or 'minor units'}"
        except ValueError:  # a file of text may hold anything
            return repr(text)


def _row(message: str) -> Difference:
    return Difference(kind=DifferenceKind.ROW, message=message)
