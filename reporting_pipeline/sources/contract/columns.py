"""The parts of a contract table: its columns, its rules and its description."""

from collections.abc import Sequence

from sqlalchemy import (
    CHAR,
    TIMESTAMP,
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    make_url,
)

metadata = MetaData()
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


def contract_table(
    qualified: str,
    *parts: Column[object] | CheckConstraint,
    record_clock: str = "updated_at",
    business_clock: str | None = None,
    is_optional: bool = False,
) -> Table:
    """A table of the contract, with the index on its record clock.

    Args:
        qualified: `<domain>.<table>`.
        parts: Its columns and its rules.
        record_clock: The column that shows which rows are new. `updated_at` means that rows can
            change; otherwise the table is append-only.
        business_clock: The column that decides the report day, if the table has one.
        is_optional: A source of version 1.0 does not have the table.
    """
    domain, name = qualified.split(".")
    info = {
        "domain": domain,
        "mutable": record_clock == "updated_at",
        "record_clock": record_clock,
        "business_clock": business_clock,
        "is_optional": is_optional,
    }
    table = Table(name, metadata, *parts, schema=domain, info=info)
    Index(f"{name}_{record_clock}_idx", table.c[record_clock])
    return table


def optional(column: Column[object]) -> Column[object]:
    """A column that a source of version 1.0 does not have; it is read as null there."""
    column.info["is_optional"] = True
    return column


def is_optional(part: Table | Column[object]) -> bool:
    """True for a table or column that a source of version 1.0 does not have."""
    return bool(part.info.get("is_optional", False))


def row_id() -> Column[object]:
    """The primary key `id`."""
    return Column("id", UUID, primary_key=True)


def uuid(name: str, *, references: str | None = None, null: bool = False) -> Column[object]:
    """The id of another row: of the table `references`, or of another domain's table."""
    keys = [ForeignKey(f"{references}.id")] if references else []
    return Column(name, UUID, *keys, nullable=null)


def text(name: str, *, null: bool = False) -> Column[object]:
    """A text."""
    return Column(name, Text, nullable=null)


def code(name: str, length: int) -> Column[object]:
    """A code of fixed length, such as a currency."""
    return Column(name, CHAR(length), nullable=False)


def instant(name: str, *, null: bool = False) -> Column[object]:
    """An instant, with its time zone."""
    return Column(name, TIMESTAMP(timezone=True), nullable=null)


def boolean(name: str) -> Column[object]:
    """A truth value that is not null."""
    return Column(name, Boolean, nullable=False)


def integer(name: str) -> Column[object]:
    """A whole number of 32 bits."""
    return Column(name, Integer, nullable=False)


def big_integer(name: str) -> Column[object]:
    """A whole number of 64 bits."""
    return Column(name, BigInteger, nullable=False)


def minor(name: str, *, null: bool = False) -> Column[object]:
    """An amount of money in minor units of its currency."""
    return Column(name, BigInteger, nullable=null)


def decimal(name: str, digits: int, places: int) -> Column[object]:
    """A decimal number that can be null, such as a rate."""
    return Column(name, Numeric(digits, places), nullable=True)


def check(rule: str, reason: str) -> CheckConstraint:
    """A rule for each row, in SQL, with the reason that a person reads when a row breaks it."""
    return CheckConstraint(rule, info={"reason": reason})


def one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    """The rule that a column has one of the values; `info["allowed"]` has both."""
    allowed = ", ".join(f"'{value}'" for value in values)
    rule = check(f"{column} in ({allowed})", f"{column} is not one of {', '.join(values)}")
    rule.info["allowed"] = (column, tuple(values))
    return rule


def type_name(column: Column[object]) -> str:
    """The type of a column, as PostgreSQL's catalogue names it."""
    return column.type.compile(_DIALECT).lower().replace("char(", "character(").replace(", ", ",")
