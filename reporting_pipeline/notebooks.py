"""Report files as pandas DataFrames, for notebooks: `reporting_pipeline.read_report`.

Columns have Arrow types. Money is an extension type that holds a whole number of minor units and a
currency in each row, and refuses to add or order amounts of different currencies. No export uses
this module or pandas.
"""

import hashlib
import operator
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.extensions import (
    ExtensionArray,
    ExtensionDtype,
    register_extension_dtype,
    register_series_accessor,
)

from reporting_pipeline.errors import CurrenciesDiffer, FileUnreadable, ObjectNotFound
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_line, csv_batches
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.formats import format_of
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.exports.row_spool import arrow_type
from reporting_pipeline.exports.verify.verify_file import read_manifest
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.store import open_store

_INTEGERS = pd.ArrowDtype(pa.int64())
_TEXTS = pd.ArrowDtype(pa.string())
_CHUNK_BYTES = 1024 * 1024
_TIMEOUT_SECONDS = 60


def read_report(
    source: str | Path, manifest: str | Path | None = None, *, block: str | None = None
) -> pd.DataFrame:
    """Read a report file into a DataFrame, and check its rows against its manifest.

    Args:
        source: A file in any format, by its path or address: `https://` (a download link),
            `s3://bucket/key` or `file://`.
        manifest: The path or address of the manifest. Default: the one beside the file, or the one
            inside it. A CSV or JSON Lines file from a download link needs it.
        block: The name of the block to read, of a report of several.

    Returns:
        One row per row of the report and one column per column, by its name. Types are Arrow's:
        int64, bool, date32, timestamp in UTC, decimal128(12, 6), string. Columns of money have the
        type `money` (`MoneyArray`). `attrs` has the definition, its version, the period and
        `is_provisional`.

    Raises:
        FileUnreadable: The file is damaged, has no manifest, its rows are not those of the
            manifest, or it has no such block.
        StoreError: A file in a store cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="reporting-read-") as folder:
        path = _local(source, Path(folder))
        format_ = format_of(path)
        found = _manifest(path, format_, manifest, Path(folder))
        found, rows = _block(path, format_, found, block)
        table = _table(path, rows, found, Path(folder))
    frame = pd.DataFrame(
        {
            name: pd.Series(pd.arrays.ArrowExtensionArray(column), copy=False)
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
    )
    frame.attrs = {
        "definition": found.definition.slug,
        "version": found.definition.version,
        "period": found.period.token,
        "is_provisional": found.is_provisional,
    }
    return _with_money(frame, found)


def block_names(source: str | Path, manifest: str | Path | None = None) -> tuple[str, ...]:
    """The names of the blocks of a report of several; none of any other.

    Raises:
        FileUnreadable, StoreError: As `read_report`.
    """
    with tempfile.TemporaryDirectory(prefix="reporting-read-") as folder:
        path = _local(source, Path(folder))
        found = _manifest(path, format_of(path), manifest, Path(folder))
    return tuple(each.name for each in found.blocks)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency; the currency is None for rows without one."""

    minor: int
    currency: str | None

    def __str__(self) -> str:
        """The amount as `123456 EUR`, in minor units."""
        return f"{self.minor} {self.currency}"


@register_extension_dtype
class MoneyDtype(ExtensionDtype):  # type: ignore[misc]  # pandas has no types
    """The pandas type of money: int64 minor units, with a currency in each row."""

    name = "money"
    type = Money
    kind = "O"
    na_value = pd.NA

    @classmethod
    def construct_array_type(cls) -> Any:
        """The class of arrays of this type."""
        return MoneyArray


class MoneyArray(ExtensionArray):  # type: ignore[misc]  # pandas has no types
    """Amounts in minor units, each with its currency.

    Sums, minima, maxima, sorting, `+` and `-` raise `CurrenciesDiffer` where they would mix
    currencies. Group by the currency first: `report.groupby("currency")["gross_minor"].sum()`.
    """

    def __init__(self, minor: Any, currency: Any) -> None:
        self.minor = pd.array(minor, dtype=_INTEGERS)
        self.currency = pd.array(currency, dtype=_TEXTS)

    @property
    def dtype(self) -> MoneyDtype:
        """The type `money`."""
        return MoneyDtype()

    @property
    def nbytes(self) -> int:
        """The bytes of both parts."""
        return int(self.minor.nbytes + self.currency.nbytes)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.minor)

    def __getitem__(self, item: Any) -> Any:
        """One amount as `Money`, or NA; some rows as an array."""
        item = pd.api.indexers.check_array_indexer(self, item)
        minor, currency = self.minor[item], self.currency[item]
        if isinstance(minor, ExtensionArray):
            return MoneyArray(minor, currency)
        return pd.NA if minor is pd.NA else Money(minor, None if currency is pd.NA else currency)

    def __eq__(self, other: object) -> Any:
        """Row by row: the same amount in the same currency."""
        if isinstance(other, Money):
            other = MoneyArray.of([other] * len(self))
        if not isinstance(other, MoneyArray):
            return NotImplemented
        return (self.minor == other.minor) & (self.currency == other.currency)

    def __hash__(self) -> int:
        """Arrays have no hash."""
        message = "unhashable type: MoneyArray"
        raise TypeError(message)

    def __add__(self, other: Any) -> Any:
        """Add row by row, each within its currency."""
        return self._combined(other, operator.add)

    def __sub__(self, other: Any) -> Any:
        """Subtract row by row, each within its currency."""
        return self._combined(other, operator.sub)

    def __neg__(self) -> "MoneyArray":
        """The amounts with the other sign."""
        return MoneyArray(-self.minor, self.currency)

    def isna(self) -> np.ndarray:
        """True in each row without an amount."""
        return np.asarray(self.minor.isna())

    def take(
        self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None
    ) -> "MoneyArray":
        """The rows at these positions; -1 is NA if `allow_fill` is set."""
        filled = fill_value if isinstance(fill_value, Money) else None
        return MoneyArray(
            self.minor.take(
                indices, allow_fill=allow_fill, fill_value=filled.minor if filled else pd.NA
            ),
            self.currency.take(
                indices, allow_fill=allow_fill, fill_value=filled.currency if filled else pd.NA
            ),
        )

    def copy(self) -> "MoneyArray":
        """A copy."""
        return MoneyArray(self.minor.copy(), self.currency.copy())

    @classmethod
    def of(cls, amounts: Iterable[Any]) -> "MoneyArray":
        """An array of `Money` and missing values."""
        found = [None if pd.isna(each) else each for each in amounts]
        return cls(
            [None if each is None else each.minor for each in found],
            [None if each is None else each.currency for each in found],
        )

    # The names that pandas calls.

    @classmethod
    def _from_sequence(cls, scalars: Any, **_options: Any) -> "MoneyArray":
        return cls.of(scalars)

    @classmethod
    def _from_factorized(cls, values: Any, _original: "MoneyArray") -> "MoneyArray":
        return cls.of(values)

    @classmethod
    def _concat_same_type(cls, to_concat: "Sequence[MoneyArray]") -> "MoneyArray":
        return cls(
            pd.concat([pd.Series(each.minor) for each in to_concat]).array,
            pd.concat([pd.Series(each.currency) for each in to_concat]).array,
        )

    def _values_for_argsort(self) -> np.ndarray:
        self._only_currency("sort")
        amounts: np.ndarray = self.minor.to_numpy(dtype="int64", na_value=0)
        return amounts

    def _reduce(
        self, name: str, *, skipna: bool = True, keepdims: bool = False, **options: Any
    ) -> Any:
        if name not in {"sum", "min", "max"}:
            message = f"money has no {name}; `.money.minor` has the whole numbers of minor units"
            raise TypeError(message)
        currency = self._only_currency(name)
        # Decimals: a sum of int64 would overflow without an error.
        amounts = pa.array(self.minor).cast(pa.decimal128(19))
        least = options.get("min_count", 0) if name == "sum" else 1
        figure = getattr(pc, name)(amounts, skip_nulls=skipna, min_count=least).as_py()
        result = pd.NA if figure is None else Money(int(figure), currency)
        return MoneyArray.of([result]) if keepdims else result

    def _only_currency(self, doing: str) -> str | None:
        """The currency of all amounts.

        Raises:
            CurrenciesDiffer: There are several.
        """
        currencies = set(self.currency[~self.isna()].unique())
        if len(currencies) > 1:
            names = ", ".join(sorted("none" if each is pd.NA else each for each in currencies))
            message = f"{doing} would mix the currencies {names}: group by the currency first"
            raise CurrenciesDiffer(message)
        return next((each for each in currencies if each is not pd.NA), None)

    def _combined(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if not isinstance(other, MoneyArray):
            return NotImplemented
        both = ~(self.isna() | other.isna())
        mine, theirs = (each.currency.to_numpy(object, na_value="") for each in (self, other))
        differing = np.flatnonzero(both & (mine != theirs))
        if len(differing):
            row = int(differing[0])
            message = f"row {row} has {self[row]} on one side and {other[row]} on the other"
            raise CurrenciesDiffer(message)
        return MoneyArray(operation(self.minor, other.minor), self.currency)


@register_series_accessor("money")
class MoneyAccessor:
    """The parts of a column of money: `report["gross_minor"].money.minor`."""

    def __init__(self, series: pd.Series) -> None:
        if not isinstance(series.dtype, MoneyDtype):
            message = f"only columns of money have .money; {series.name} is {series.dtype}"
            raise AttributeError(message)  # noqa: TRY004 - pandas expects it of an accessor
        self._series = series

    @property
    def minor(self) -> pd.Series:
        """The amounts in minor units, as int64 without a currency."""
        return pd.Series(self._series.array.minor, index=self._series.index, name=self._series.name)

    @property
    def currency(self) -> pd.Series:
        """The currency of each amount."""
        return pd.Series(self._series.array.currency, index=self._series.index, name="currency")


def _with_money(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """The frame with its columns of money in the currency of their row."""
    currencies = [each.name for each in manifest.columns if each.type == ColumnType.CURRENCY]
    money = [each.name for each in manifest.columns if each.unit == Unit.MINOR]
    if not currencies:
        return frame
    of_rows = frame[currencies[0]].array
    return frame.assign(**{name: MoneyArray(frame[name].array, of_rows) for name in money})


def _block(
    path: Path, format_: Format, manifest: Manifest, block: str | None
) -> tuple[Manifest, Iterator[CanonicalRow]]:
    """The manifest and the rows of a block; of a report without blocks its own."""
    names = [each.name for each in manifest.blocks]
    if not names and block is None:
        return manifest, format_.read(path, manifest)
    if block not in names:
        message = f"{path.name} has the blocks {', '.join(names) or 'of no name'}, not {block}"
        raise FileUnreadable(message)
    index = names.index(block)
    return manifest.parts[index], _rows_of_block(path, format_, manifest, index)


def _rows_of_block(
    path: Path, format_: Format, manifest: Manifest, index: int
) -> Iterator[CanonicalRow]:
    # The blocks of an archive are read one after the other.
    for position, rows in enumerate(format_.read_blocks(path, manifest)):
        if position == index:
            yield from rows
            return


def _table(path: Path, rows: Iterator[CanonicalRow], manifest: Manifest, folder: Path) -> pa.Table:
    """The rows of a file with their types, after a check of their digest."""
    digest, spool = hashlib.sha256(), folder / "rows"
    with spool.open("wb") as file:
        for row in rows:
            line = canonical_line(row)
            digest.update(line)
            file.write(line)
    if digest.hexdigest() != manifest.rows_sha256:
        message = (
            f"the rows of {path.name} are not those of its manifest: "
            "`reporting verify FILE` shows the difference"
        )
        raise FileUnreadable(message)
    types = [arrow_type(ColumnType(each.type)) for each in manifest.columns]
    names = [each.name for each in manifest.columns]
    if manifest.row_count == 0:
        return pa.schema(list(zip(names, types, strict=True))).empty_table()
    batches = list(csv_batches(spool, types, keeps_mark=True))
    return pa.Table.from_batches(batches).rename_columns(names)


def _manifest(path: Path, format_: Format, named: str | Path | None, folder: Path) -> Manifest:
    """The manifest that the caller names, or the one beside the file, or the one inside it."""
    if named is not None:
        return read_manifest(_local(named, folder))
    beside = path.with_name(path.name + MANIFEST_SUFFIX)
    found = read_manifest(beside) if beside.exists() else format_.embedded_manifest(path)
    if found is None:
        message = (
            f"{path.name} has no manifest: a {format_.title} file holds none, and there is no "
            f"{beside.name} beside it; pass its path or address as `manifest`"
        )
        raise FileUnreadable(message)
    return found


def _local(source: str | Path, folder: Path) -> Path:
    """The path of a file; one from a network address is fetched into `folder`."""
    parts = urlsplit(str(source))
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if isinstance(source, Path) or parts.scheme not in {"http", "https", "s3"}:
        return Path(source)
    address, _, name = parts.path.rpartition("/")
    target = folder / unquote(name)
    if parts.scheme in {"http", "https"}:
        _write(target, _downloaded(str(source)))
        return target
    store = open_store(f"{parts.scheme}://{parts.netloc}{address}")
    _write(target, store.get(unquote(name)))
    beside = f"{unquote(name)}{MANIFEST_SUFFIX}"
    try:
        _write(folder / beside, store.get(beside))
    except ObjectNotFound:
        (folder / beside).unlink()
    return target


def _downloaded(address: str) -> Iterator[bytes]:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            while chunk := answer.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        if isinstance(error, HTTPError):
            error.close()
        # The query of a download link is a secret: it is not repeated.
        message = f"{urlsplit(address).path} could not be downloaded: {error}"
        raise FileUnreadable(message) from error


def _write(target: Path, chunks: Iterator[bytes]) -> None:
    with target.open("wb") as file:
        file.writelines(chunks)
