"""Checks of a file's rows: against the manifest (`RowChecks`), or against other rows, one by one.

Both take the rows as they are read and keep memory bounded.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from reporting_pipeline.domain.currencies import major_text
from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_line
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind, Proof
from reporting_pipeline.exports.verify.manifest_checks import columns_with_total
from reporting_pipeline.registry.columns import ColumnType, Unit

# The number of keys that are remembered, as hashes; of further ones only the last is.
_REMEMBERED_KEYS = 1_000_000
# How many rows ahead a row is searched for that is missing at its place.
_ROWS_AHEAD = 1_000


class RowChecks:
    """Counts, digests and adds up the rows of one file, and finds rows that occur twice.

    Args:
        manifest: The expected number, digest and totals.
        place: Names the place of a row in the file by its index.
    """

    def __init__(self, manifest: Manifest, place: Callable[[int], str]) -> None:
        self._manifest = manifest
        self._place = place
        self._digest = hashlib.sha256()
        self._row_count = 0
        names = [column.name for column in manifest.columns]
        types = [column.type for column in manifest.columns]
        has_money = any(column.unit == Unit.MINOR for column in manifest.columns)
        code = ColumnType.CURRENCY
        self._currency = types.index(code) if has_money and code in types else None
        self._key = [names.index(name) for name in manifest.row_key if name in names]
        given = (name for part in manifest.totals for name in part.values)
        summed = dict.fromkeys([*given, *columns_with_total(manifest)])
        self._summed = [(name, names.index(name)) for name in summed if name in names]
        self._sums: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._seen_keys: set[int] = set()
        self._last_key: int | None = None
        self._first_repeated: int | None = None

    def add(self, row: CanonicalRow) -> None:
        """Take the next row of the file.

        Raises:
            FileUnreadable: A figure that has a total is no whole number.
        """
        self._digest.update(canonical_line(row))
        if self._summed:
            sums = self._sums[None if self._currency is None else row[self._currency]]
            for name, index in self._summed:
                sums[name] += self._figure(name, row[index])
        if self._key and self._first_repeated is None:
            self._add_key(row)
        self._row_count += 1

    def differences(self) -> Iterator[Difference]:
        """The differences from the manifest after the last row; the most precise ones first."""
        if self._first_repeated is not None:
            names = ", ".join(self._manifest.row_key)
            place = self._place(self._first_repeated)
            message = f"{place}: an earlier row has the same {names}"
            yield Difference(kind=DifferenceKind.ROW, message=message)
        if self._row_count != self._manifest.row_count:
            message = f"expected {self._manifest.row_count} rows, found {self._row_count}"
            yield Difference(kind=DifferenceKind.ROW_COUNT, message=message)
        yield from self._total_differences()
        if self._digest.hexdigest() != self._manifest.rows_sha256:
            message = (
                f"expected the SHA-256 {self._manifest.rows_sha256}, found "
                f"{self._digest.hexdigest()}: a value was changed, added or removed, or rows were "
                "put in another order; with --against-warehouse the first one is named"
            )
            yield Difference(kind=DifferenceKind.ROWS_DIGEST, message=message)

    def proofs(self) -> Iterator[Proof]:
        """The values that were compared; they are proofs where nothing differs."""
        yield Proof(what="rows", value=f"{self._row_count:,}")
        yield Proof(what="SHA-256 of the rows", value=self._digest.hexdigest())
        for part in self._manifest.totals:
            for name, _ in self._summed:
                if name in part.values:
                    label = f"total of {name}" + (f", {part.currency}" if part.currency else "")
                    value = self._figure_text(name, part.currency, part.values[name])
                    yield Proof(what=label, value=value)

    def _figure(self, name: str, text: str | None) -> int:
        try:
            return 0 if text is None else int(text)
        except ValueError as error:
            place = self._place(self._row_count)
            message = f"{place}, column {name!r}: {text!r} is no whole number"
            raise FileUnreadable(message) from error

    def _add_key(self, row: CanonicalRow) -> None:
        key = hash(tuple(row[index] for index in self._key))
        if key in self._seen_keys or key == self._last_key:
            self._first_repeated = self._row_count
        if len(self._seen_keys) < _REMEMBERED_KEYS:
            self._seen_keys.add(key)
        self._last_key = key

    def _total_differences(self) -> Iterator[Difference]:
        totals = {part.currency: part.values for part in self._manifest.totals}
        currencies = totals.keys() ^ self._sums.keys() if self._summed else set()
        for currency in sorted(totals.keys() | self._sums.keys(), key=str):
            if currency in currencies:
                holder, lack = ("totals", "row") if currency in totals else ("rows", "total")
                message = f"the file has {holder} of {currency or 'no currency'}, and no {lack}"
                yield Difference(kind=DifferenceKind.TOTAL, message=message)
            for name, _ in self._summed:
                expected = totals.get(currency, {}).get(name, 0)
                found = self._sums[currency][name]
                if expected != found:
                    message = (
                        f"column {name!r}{f', {currency}' if currency else ''}: expected "
                        f"{self._figure_text(name, currency, expected)}, the rows add up to "
                        f"{self._figure_text(name, currency, found)}"
                    )
                    yield Difference(kind=DifferenceKind.TOTAL, message=message)

    def _figure_text(self, name: str, currency: str | None, value: int) -> str:
        unit = next(each.unit for each in self._manifest.columns if each.name == name)
        return major_text(value, currency) if unit == Unit.MINOR else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowComparison:
    """Compares the rows of a file with the rows that it should have, in order.

    Attributes:
        manifest: The columns, and the key of a row.
        place: Names the place of a row in the file by its index.
    """

    manifest: Manifest
    place: Callable[[int], str]

    def first_difference(
        self, found: Iterator[CanonicalRow], expected: Iterator[CanonicalRow]
    ) -> list[Difference]:
        """All differences in the first row that differs; empty where all rows are the same."""
        for index, (actual, wanted) in enumerate(zip_longest(found, expected)):
            if actual == wanted:
                continue
            if actual is None or wanted is None:
                return [self._length_difference(index, actual, wanted)]
            if self._key(actual) != self._key(wanted):
                moved = self._moved_row(index, (actual, wanted), found, expected)
                if moved is not None:
                    return [moved]
            return list(self._cell_differences(index, actual, wanted))
        return []

    def _length_difference(
        self, index: int, actual: CanonicalRow | None, wanted: CanonicalRow | None
    ) -> Difference:
        if actual is not None:
            return _row_difference(f"{self.place(index)}: a row too many: {self._key_text(actual)}")
        missing = self._key_text(wanted or ())
        return _row_difference(
            f"the file ends after {index} rows; the next one is missing: {missing}"
        )

    def _moved_row(
        self,
        index: int,
        rows: tuple[CanonicalRow, CanonicalRow],
        found: Iterator[CanonicalRow],
        expected: Iterator[CanonicalRow],
    ) -> Difference | None:
        """A missing or additional row, where the next rows of the other side show which it is."""
        actual, wanted = rows
        place = self.place(index)
        if any(self._key(row) == self._key(actual) for row in islice(expected, _ROWS_AHEAD)):
            missing = self._key_text(wanted)
            return _row_difference(f"{place}: a row is missing before it: {missing}")
        if any(self._key(row) == self._key(wanted) for row in islice(found, _ROWS_AHEAD)):
            return _row_difference(f"{place}: a row too many: {self._key_text(actual)}")
        return None

    def _cell_differences(
        self, index: int, actual: CanonicalRow, wanted: CanonicalRow
    ) -> Iterator[Difference]:
        place = self.place(index)
        for number, column in enumerate(self.manifest.columns):
            if actual[number] != wanted[number]:
                message = (
                    f"{place}, column {column.name!r}: expected "
                    f"{self._cell_text(number, wanted)}, found {self._cell_text(number, actual)}"
                )
                yield Difference(kind=DifferenceKind.CELL, message=message)

    def _key(self, row: CanonicalRow) -> CanonicalRow:
        """The values of the row's key; the whole row where the report shows no key."""
        names = self.manifest.row_key
        if not names:
            return row
        return tuple(
            value
            for column, value in zip(self.manifest.columns, row, strict=True)
            if column.name in names
        )

    def _key_text(self, row: CanonicalRow) -> str:
        names = self.manifest.row_key or [column.name for column in self.manifest.columns]
        return ", ".join(
            f"{column.name} {self._cell_text(number, row)}"
            for number, column in enumerate(self.manifest.columns)
            if column.name in names
        )

    def _cell_text(self, number: int, row: CanonicalRow) -> str:
        text, column = row[number], self.manifest.columns[number]
        if text is None:
            return "nothing"
        if column.unit != Unit.MINOR:
            return repr(text) if column.type == ColumnType.TEXT else text
        types = [each.type for each in self.manifest.columns]
        code = row[types.index(ColumnType.CURRENCY)] if ColumnType.CURRENCY in types else None
        try:
            return f"{major_text(int(text), code)} {code or 'minor units'}"
        except ValueError:  # a text file may hold anything
            return repr(text)


def _row_difference(message: str) -> Difference:
    return Difference(kind=DifferenceKind.ROW, message=message)
