"""What a report table and its columns are: the types of the registry.

What belongs here: the shape of a description. What does not: the description of any one table,
which is a module of its own beside this one, and SQL, which lives in `dbt_project/`.
"""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """The types that report columns have, as PostgreSQL's `format_type` spells them."""

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
    """What may be done with a column's values.

    Attributes:
        KEY: Part of the table's key.
        ATTRIBUTE: Follows from the key; neither counted nor summed.
        MEASURE: Additive over the whole key; money only within one currency.
        BALANCE: A standing figure: the last one of a period counts, it is never summed over days.
        RATIO: Derived from its parts; never summed.
    """

    KEY = "key"
    ATTRIBUTE = "attribute"
    MEASURE = "measure"
    BALANCE = "balance"
    RATIO = "ratio"


class Unit(StrEnum):
    """The unit of a figure, which is also the last word of its column's name.

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
    """One column of a report table.

    Attributes:
        sources: What it is computed from, as `table.column`; the table is one of schema `landing`
            or another report table.
        values: All values that it may take, where these are few.
    """

    name: str
    type: ColumnType
    kind: ColumnKind
    description: str
    sources: tuple[str, ...]
    unit: Unit | None = None
    nullable: bool = False
    values: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What a person calls it: the name in words, less the unit and `_id`."""
        words = self.name.removesuffix("_minor").removesuffix("_count").removesuffix("_id")
        return words.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTable:
    """One report table of schema `reporting`, columns in table order.

    Attributes:
        title: What a person calls it.
        grain: What one row stands for.
        description: The source of its rows, and what a reader must know to use them.
    """

    name: str
    title: str
    grain: str
    description: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row; nulls count as equal."""
        return tuple(each.name for each in self.columns if each.kind is ColumnKind.KEY)

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns, in table order."""
        return tuple(each.name for each in self.columns)


def key(
    name: str,
    type_: ColumnType,
    description: str,
    *sources: str,
    nullable: bool = False,
    values: tuple[str, ...] = (),
) -> Column:
    """A column of the table's key."""
    return Column(
        name=name,
        type=type_,
        kind=ColumnKind.KEY,
        description=description,
        sources=tuple(dict.fromkeys(sources)),
        nullable=nullable,
        values=values,
    )


def attribute(
    name: str,
    type_: ColumnType,
    description: str,
    *sources: str,
    nullable: bool = False,
    values: tuple[str, ...] = (),
) -> Column:
    """A column that follows from the key."""
    return Column(
        name=name,
        type=type_,
        kind=ColumnKind.ATTRIBUTE,
        description=description,
        sources=tuple(dict.fromkeys(sources)),
        nullable=nullable,
        values=values,
    )


def measure(name: str, description: str, *sources: str) -> Column:
    """An additive figure; its unit is the last word of its name."""
    return _figure(name, ColumnKind.MEASURE, description, sources)


def balance(name: str, description: str, *sources: str, nullable: bool = False) -> Column:
    """A standing figure; its unit is the last word of its name."""
    return _figure(name, ColumnKind.BALANCE, description, sources, nullable=nullable)


def ratio(name: str, description: str, *sources: str) -> Column:
    """A share, null where its divisor is not positive; rounded half away from zero at 6 digits."""
    return Column(
        name=name,
        type=ColumnType.RATIO,
        kind=ColumnKind.RATIO,
        description=description,
        sources=tuple(dict.fromkeys(sources)),
        unit=Unit.RATE,
        nullable=True,
    )


def _figure(
    name: str,
    kind: ColumnKind,
    description: str,
    sources: tuple[str, ...],
    *,
    nullable: bool = False,
) -> Column:
    return Column(
        name=name,
        type=ColumnType.BIGINT,
        kind=kind,
        description=description,
        sources=tuple(dict.fromkeys(sources)),
        unit=Unit(name.rsplit("_", maxsplit=1)[-1]),
        nullable=nullable,
    )
