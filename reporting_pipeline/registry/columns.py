"""Columns of report tables and datasets: their types, kinds and units."""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """The types of report columns, in the spelling of PostgreSQL's `format_type`."""

    BIGINT = "bigint"
    BOOLEAN = "boolean"
    CURRENCY = "character(3)"
    DATE = "date"
    INSTANT = "timestamp with time zone"
    RATIO = "numeric(12,6)"
    TEXT = "text"
    UUID = "uuid"
    UUIDS = "uuid[]"


class ColumnKind(StrEnum):
    """The kind of a column, which decides how its values may be combined.

    Attributes:
        KEY: Part of the key.
        NAME: The readable name of an id; follows from the id.
        ATTRIBUTE: Follows from the key; it is neither counted nor summed.
        MEASURE: Additive over the key, without the columns `not_over`; money only within one
            currency.
        BALANCE: A state at the end of a day: the last value of a period counts, values of several
            days are never summed.
        RATIO: A numerator divided by a denominator; never summed.
    """

    KEY = "key"
    NAME = "name"
    ATTRIBUTE = "attribute"
    MEASURE = "measure"
    BALANCE = "balance"
    RATIO = "ratio"

    @property
    def is_figure(self) -> bool:
        """True for measures, balances and ratios."""
        return self in {ColumnKind.MEASURE, ColumnKind.BALANCE, ColumnKind.RATIO}


class Unit(StrEnum):
    """The unit of a figure; it is also the last word of the column's name.

    Attributes:
        MINOR: Minor units of the row's currency: cents, yen, fils.
        COUNT: A number of things.
        RATE: A share; 1 is the whole.
    """

    MINOR = "minor"
    COUNT = "count"
    RATE = "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a report table or a dataset.

    Attributes:
        sources: The columns that it is computed from, as `table.column`. The table is one of schema
            `landing` or a report table.
        values: All values that it may have, if there are only a few.
        label: The name for people; None takes the column's name in words.
        numerator: Of a ratio: the columns whose sum is divided.
        denominator: Of a ratio: the columns whose sum divides.
        names: Of a name: the id column that it names.
        not_over: Of a figure: the columns over whose values it is not summed.
        is_derived: A definition made it from two others; the dataset's relation does not have it.
    """

    name: str
    type: ColumnType
    kind: ColumnKind
    description: str
    sources: tuple[str, ...]
    unit: Unit | None = None
    nullable: bool = False
    values: tuple[str, ...] = ()
    label: str | None = None
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    names: str | None = None
    not_over: tuple[str, ...] = ()
    is_derived: bool = False

    @property
    def kind_in_files(self) -> ColumnKind:
        """The kind that manifests and Parquet files have: to them, a name is an attribute."""
        return ColumnKind.ATTRIBUTE if self.kind is ColumnKind.NAME else self.kind

    @property
    def title(self) -> str:
        """The label, or else the name in words, without its unit and `_id`."""
        if self.label is not None:
            return self.label
        words = self.name.removesuffix("_minor").removesuffix("_count").removesuffix("_id")
        return words.replace("_", " ").capitalize()
