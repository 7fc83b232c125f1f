"""What the rows of a file say by themselves: their number, digest and totals, and rows met twice.

What belongs here: following the rows as they are read, at flat memory, and what then differs from
the manifest. What does not: reading them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical import CanonicalRow, canonical_line
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.presentation import major_text
from reporting_pipeline.exports.verify.difference import Difference, DifferenceKind, Proof
from reporting_pipeline.registry.columns import ColumnType, Unit

# Keys of so many rows are remembered, as numbers; of further ones, only the last.
_REMEMBERED_KEYS = 1_000_000


class RowChecks:
    """Follows the rows of one file.

    Args:
        manifest: What they are compared with.
        place: Names the place of a row by its index.
    """

    def __init__(self, manifest: Manifest, place: Callable[[int], str]) -> None:
        self._manifest = manifest
        self._place = place
        self._digest = hashlib.sha256()
        self._row_count = 0
        names = [column.name for column in manifest.columns]
        types = [column.type for column in manifest.columns]
        code = ColumnType.CURRENCY
        self._currency = types.index(code) if code in types else None
        self._key = [names.index(name) for name in manifest.row_key if name in names]
        summed = dict.fromkeys(name for part in manifest.totals for name in part.values)
        self._summed = [(name, names.index(name)) for name in summed if name in names]
        self._sums: dict[str | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._met: set[int] = set()
        self._last_key: int | None = None
        self._first_twice: int | None = None

    def follow(self, row: CanonicalRow) -> None:
        """Take one row, in the order of the file.

        Raises:
            FileUnreadable: A figure that has a total is no whole number.
        """
        self._digest.update(canonical_line(row))
        if self._summed:
            sums = self._sums[None if self._currency is None else row[self._currency]]
            for name, index in self._summed:
                sums[name] += self._figure(name, row[index])
        if self._key and self._first_twice is None:
            self._follow_key(row)
        self._row_count += 1

    def differences(self) -> Iterator[Difference]:
        """What differs from the manifest, once all rows were followed; the most precise first."""
        if self._first_twice is not None:
            names = ", ".join(self._manifest.row_key)
            message = (
                f"{self._place(self._first_twice)}: a row with the same {names} stands there before"
            )
            yield Difference(kind=DifferenceKind.ROW, message=message)
        if self._row_count != self._manifest.row_count:
            message = f"expected {self._manifest.row_count} rows, found {self._row_count}"
            yield Difference(kind=DifferenceKind.ROW_COUNT, message=message)
        yield from self._differing_totals()
        if self._digest.hexdigest() != self._manifest.rows_sha256:
            message = (
                f"expected the SHA-256 {self._manifest.rows_sha256}, found "
                f"{self._digest.hexdigest()}: a value was changed, added or removed, or rows were "
                "put in another order; with --against-warehouse the first one is named"
            )
            yield Difference(kind=DifferenceKind.ROWS_DIGEST, message=message)

    def proofs(self) -> Iterator[Proof]:
        """What was compared, where nothing differs."""
        yield Proof(what="rows", value=f"{self._row_count:,}")
        yield Proof(what="SHA-256 of the rows", value=self._digest.hexdigest())
        for part in self._manifest.totals:
            for name, _ in self._summed:
                if name in part.values:
                    label = f"total of {name}" + (f", {part.currency}" if part.currency else "")
                    value = self._shown(name, part.currency, part.values[name])
                    yield Proof(what=label, value=value)

    def _figure(self, name: str, text: str | None) -> int:
        try:
            return 0 if text is None else int(text)
        except ValueError as error:
            place = self._place(self._row_count)
            message = f"{place}, column {name!r}: {text!r} is no whole number"
            raise FileUnreadable(message) from error

    def _follow_key(self, row: CanonicalRow) -> None:
        key = hash(tuple(row[index] for index in self._key))
        if key in self._met or key == self._last_key:
            self._first_twice = self._row_count
        if len(self._met) < _REMEMBERED_KEYS:
            self._met.add(key)
        self._last_key = key

    def _differing_totals(self) -> Iterator[Difference]:
        expected = {part.currency: part.values for part in self._manifest.totals}
        for currency in sorted(expected.keys() | self._sums.keys(), key=str):
            for name, _ in self._summed:
                said = expected.get(currency, {}).get(name, 0)
                found = self._sums[currency][name]
                if said != found:
                    message = (
                        f"column {name!r}{f', {currency}' if currency else ''}: expected "
                        f"{self._shown(name, currency, said)}, the rows add up to "
                        f"{self._shown(name, currency, found)}"
                    )
                    yield Difference(kind=DifferenceKind.TOTAL, message=message)

    def _shown(self, name: str, currency: str | None, value: int) -> str:
        unit = next(each.unit for each in self._manifest.columns if each.name == name)
        return major_text(value, currency) if unit == Unit.MINOR else str(value)
