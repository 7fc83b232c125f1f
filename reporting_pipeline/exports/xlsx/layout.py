"""Which row of a report stands where: data sheets, and where one continues on the next.

What belongs here: names and numbers of sheets and rows, the same for writer and reader. What does
not: cells.
"""

from dataclasses import dataclass
from functools import cache

from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.registry.columns import ColumnType

MAX_ROWS = 1_048_576
"""Of a sheet, its header included."""
MAX_COLUMNS = 16_384
CONTROL = "Control"
FIRST_ROW = 2
"""The number of the first row below the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """One sheet with rows of the report: its rows FIRST_ROW to `last_row`, both included.

    Attributes:
        first: The index of its first row in the report, from 0.
        row_count: 0 on the only sheet of an empty report.
    """

    name: str
    first: int
    row_count: int

    @property
    def last_row(self) -> int:
        """The number of its last row, of the header where there are no rows."""
        return FIRST_ROW - 1 + self.row_count


def data_sheets(manifest: Manifest, max_rows: int = MAX_ROWS) -> tuple[DataSheet, ...]:
    """The data sheets of a report, in order; at least one.

    Every sheet leaves room for the totals, wherever they are: the last one has them.
    """
    below = len(manifest.totals) + 1 if manifest.totals else 0
    capacity = max_rows - 1 - below
    starts = range(0, manifest.row_count, capacity) or range(1)
    return tuple(
        DataSheet(
            name=sheet_name(number, is_provisional=manifest.is_provisional),
            first=start,
            row_count=min(capacity, manifest.row_count - start),
        )
        for number, start in enumerate(starts, start=1)
    )


def sheet_name(number: int, *, is_provisional: bool) -> str:
    """The name of the data sheet of that number, counted from 1."""
    name = "Data" if number == 1 else f"Data {number}"
    return f"PROVISIONAL {name}" if is_provisional else name


def header_text(header: str, type_: str, time_zone: str) -> str:
    """What stands over a column; over instants the time zone too."""
    return f"{header} ({time_zone})" if type_ == ColumnType.INSTANT else header


def column_letters(index: int) -> str:
    """The letters of a column, counted from 0: A, B ... Z, AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@cache
def column_index(letters: str) -> int:
    """The inverse of `column_letters`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
