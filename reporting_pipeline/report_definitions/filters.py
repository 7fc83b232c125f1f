"""The filters of a report: comparisons, joined by `and` and `or`.

    {column: channel, operator: "=", value: web}
    {column: channel, operator: in, values: [web, api]}
    {column: channel, operator: not_in, values: [comp]}                   also where it is null
    {column: date, operator: range, from: 2026-01-01, to: 2026-02-01}     half-open
    {column: event_id, operator: is_null}                                 value: false: is not null
    {or: [<filter>, ...]}   {and: [<filter>, ...]}

The values of a comparison depend on the type of its column:

    text, currency   text; one of the column's values where it lists them
    uuid             text in UUID form
    date             text, 2026-02-28, in the years 2000 to 2099
    instant          text with an offset, 2026-02-28T19:30:00+01:00
    whole numbers    a whole number; money in minor units
    shares           text with up to six decimals, "0.25", or a whole number
    boolean          true or false

A day may also be one of the report's period, such as period.last_day - 30 days (`period_days`).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from reporting_pipeline.languages import ENGLISH, shown_finding, translated, words_of
from reporting_pipeline.registry.columns import Column, ColumnType, Unit
from reporting_pipeline.registry.datasets import Dataset
from reporting_pipeline.report_definitions.document import quoted
from reporting_pipeline.report_definitions.period_days import PeriodDay, period_day

MAX_DEPTH = 4
"""The most levels of comparisons, `and` and `or`."""

MAX_FILTERS = 100
"""The most comparisons, `and` and `or` of a report in all."""

MAX_VALUES = 1_000
"""The most values of an `in` or a `not_in`."""

FIRST_YEAR, LAST_YEAR = 2000, 2099

_EQUALITY = frozenset({"=", "in", "not_in", "is_null"})
_EQUALITY_AND_ORDER = _EQUALITY | {"range"}
OPERATORS = MappingProxyType(
    {
        ColumnType.BIGINT: _EQUALITY_AND_ORDER,
        ColumnType.BOOLEAN: frozenset({"=", "is_null"}),
        ColumnType.CURRENCY: _EQUALITY,
        ColumnType.DATE: _EQUALITY_AND_ORDER,
        ColumnType.INSTANT: frozenset({"range", "is_null"}),
        ColumnType.RATIO: frozenset({"=", "range", "is_null"}),
        ColumnType.TEXT: _EQUALITY,
        ColumnType.UUID: _EQUALITY,
        ColumnType.UUIDS: frozenset({"is_null"}),
    }
)
"""The operators that apply to columns of each type."""

_MAX_CHARACTERS = 500
_MAX_VALUES_IN_SENTENCE = 20
_ERROR_TYPE = "scalar"  # of pydantic's error
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_SHARE = re.compile(r"-?\d{1,6}(\.\d{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def tuple_of(value: object) -> object:
    """A list as a tuple, which frozen models hold; other values unchanged."""
    return tuple(value) if isinstance(value, list) else value


def _scalar(value: object) -> object:
    if not isinstance(value, str | int):
        message = "expected text, a whole number, true or false"
        raise PydanticCustomError(_ERROR_TYPE, message)
    if isinstance(value, str) and len(value) > _MAX_CHARACTERS:
        message = "text of {count} characters; at most {most}"
        facts = {"count": len(value), "most": _MAX_CHARACTERS}
        raise PydanticCustomError(_ERROR_TYPE, message, facts)
    return value


Operand = Annotated[str | int | bool, BeforeValidator(_scalar)]
Operands = Annotated[
    tuple[Operand, ...], BeforeValidator(tuple_of), Field(min_length=1, max_length=MAX_VALUES)
]


class _FilterModel(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, serialize_by_alias=True
    )


class Equals(_FilterModel):
    """The column has this value."""

    column: str
    operator: Literal["="]
    value: Operand


class OneOf(_FilterModel):
    """The column has one of these values."""

    column: str
    operator: Literal["in"]
    values: Operands


class NoneOf(_FilterModel):
    """The column has another value than these, or no value."""

    column: str
    operator: Literal["not_in"]
    values: Operands


class InRange(_FilterModel):
    """The column is in [from, to); a bound that is absent does not limit."""

    column: str
    operator: Literal["range"]
    first: Annotated[Operand | None, Field(alias="from")] = None
    end: Annotated[Operand | None, Field(alias="to")] = None


class IsNull(_FilterModel):
    """The column has no value; with `value` false: it has one."""

    column: str
    operator: Literal["is_null"]
    value: bool = True


class AllOf(_FilterModel):
    """Every one of these filters is true."""

    filters: Annotated["Filters", Field(alias="and", min_length=1)]


class AnyOf(_FilterModel):
    """At least one of these filters is true."""

    filters: Annotated["Filters", Field(alias="or", min_length=1)]


Comparison: TypeAlias = Equals | OneOf | NoneOf | InRange | IsNull

# Pydantic puts the tag into the path of an error; by its brackets `parse` removes it again.
_TAGS: dict[str, str] = {each: f"<{each}>" for each in ("=", "in", "not_in", "range", "is_null")}


def _tag(value: Any) -> str | None:
    if isinstance(value, AllOf) or (isinstance(value, Mapping) and "and" in value):
        return "<and>"
    if isinstance(value, AnyOf) or (isinstance(value, Mapping) and "or" in value):
        return "<or>"
    operator = (
        value.get("operator") if isinstance(value, Mapping) else getattr(value, "operator", None)
    )
    return _TAGS.get(operator) if isinstance(operator, str) else None


Filter: TypeAlias = Annotated[
    Annotated[Equals, Tag("<=>")]
    | Annotated[OneOf, Tag("<in>")]
    | Annotated[NoneOf, Tag("<not_in>")]
    | Annotated[InRange, Tag("<range>")]
    | Annotated[IsNull, Tag("<is_null>")]
    | Annotated[AllOf, Tag("<and>")]
    | Annotated[AnyOf, Tag("<or>")],
    Discriminator(
        _tag,
        custom_error_type="operator",
        custom_error_message="unknown operator; use =, in, not_in, range or is_null, or a group "
        "named `and` or `or`",
    ),
]
Filters: TypeAlias = Annotated[tuple[Filter, ...], BeforeValidator(tuple_of)]
AllOf.model_rebuild()
AnyOf.model_rebuild()


def comparisons(
    filters: tuple[Filter, ...], path: str = "filters"
) -> Iterator[tuple[str, Comparison]]:
    """Every comparison with its path, those inside groups too."""
    for index, each in enumerate(filters):
        here = f"{path}[{index}]"
        if isinstance(each, AllOf):
            yield from comparisons(each.filters, f"{here}.and")
        elif isinstance(each, AnyOf):
            yield from comparisons(each.filters, f"{here}.or")
        else:
            yield here, each


def depth_and_count(filters: tuple[Filter, ...]) -> tuple[int, int]:
    """The number of levels of the filters, and the number of all of them."""
    depth, count = 0, 0
    level = list(filters)
    while level:
        depth, count = depth + 1, count + len(level)
        level = [
            inner for each in level if isinstance(each, AllOf | AnyOf) for inner in each.filters
        ]
    return depth, count


def fixed_columns(filters: tuple[Filter, ...]) -> frozenset[str]:
    """The columns that have the same value in every row that passes."""
    names: set[str] = set()
    for each in filters:
        if isinstance(each, Equals):
            names.add(each.column)
        elif isinstance(each, AllOf):
            names |= fixed_columns(each.filters)
    return frozenset(names)


def allowed_values(filters: tuple[Filter, ...], column: str) -> frozenset[str] | None:
    """The values that a column can have in the rows that pass; None if it can have any value."""
    allowed: frozenset[str] | None = None
    for each in filters:
        if isinstance(each, Equals) and each.column == column:
            values = frozenset({str(each.value)})
        elif isinstance(each, OneOf) and each.column == column:
            values = frozenset(map(str, each.values))
        elif isinstance(each, AllOf) and (inner := allowed_values(each.filters, column)):
            values = inner
        else:
            continue
        allowed = values if allowed is None else allowed & values
    return allowed


def day_of_period(column: Column, value: object) -> PeriodDay | None:
    """The day of the report's period that a value of a filter names; None if it names none."""
    return period_day(value) if column.type is ColumnType.DATE else None


def typed_value(column: Column, value: object) -> Any:
    """A value of a filter as the Python type of its column: str, int, bool, Decimal, date ...

    Raises:
        ValueError: It does not fit the column; says what was found and what is expected.
    """
    found = _READERS[column.type](value)
    if column.values and found not in column.values:
        raise _unexpected(value, f"one of {', '.join(column.values)}")
    return found


def calendar_day(value: object) -> date:
    """The day that a text names.

    Raises:
        ValueError: There is no such day, or it is not in the years 2000 to 2099.
    """
    text = _matching(value, _DAY, "a day such as 2026-02-28")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        message = f"{quoted(text)} is not a day of the calendar"
        raise ValueError(message) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"{day} is outside the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(message)
    return day


def _day(value: object) -> date:
    if isinstance(value, str) and value.startswith("period"):
        expected = "period.first_day, period.last_day or period.next_day, or one of them with days"
        raise _unexpected(value, f"{expected}: period.last_day - 30 days")
    return calendar_day(value)


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(value, "a whole number")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _unexpected(value, "true or false")
    return value


def _instant(value: object) -> datetime:
    expected = "an instant with its offset, such as 2026-02-28T19:30:00+01:00"
    text = _matching(value, _INSTANT, expected)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise _unexpected(value, expected) from error
    calendar_day(text[:10])
    return instant


def _share(value: object) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Decimal(_matching(text, _SHARE, "a share with up to six decimals, such as '0.25'"))


def _uuid(value: object) -> UUID:
    try:
        return UUID(value) if isinstance(value, str) else UUID("")
    except ValueError as error:
        raise _unexpected(value, "a UUID") from error


def _currency(value: object) -> str:
    return _matching(value, _CURRENCY, "an ISO 4217 code such as EUR")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _unexpected(value, "text")
    return value


def _matching(value: object, pattern: re.Pattern[str], expected: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise _unexpected(value, expected)
    return value


def _unexpected(value: object, expected: str) -> ValueError:
    return ValueError(f"found {quoted(value)}, expected {expected}")


_READERS: MappingProxyType[ColumnType, Callable[[object], Any]] = MappingProxyType(
    {
        ColumnType.BIGINT: _whole_number,
        ColumnType.BOOLEAN: _boolean,
        ColumnType.CURRENCY: _currency,
        ColumnType.DATE: _day,
        ColumnType.INSTANT: _instant,
        ColumnType.RATIO: _share,
        ColumnType.TEXT: _text,
        ColumnType.UUID: _uuid,
        ColumnType.UUIDS: _uuid,
    }
)


def sentence(filter_: Filter, dataset: Dataset, locale: str = ENGLISH) -> str:
    """The filter as report files show it to people, with the titles of the columns."""
    if isinstance(filter_, AllOf | AnyOf):
        word = translated("and" if isinstance(filter_, AllOf) else "or", locale)
        return f" {word} ".join(_part_of_group(each, dataset, locale) for each in filter_.filters)
    column = dataset.column(filter_.column)
    unit = translated(" (minor units)", locale) if column.unit is Unit.MINOR else ""
    return f"{translated(column.title, locale)}{unit} {_predicate(filter_, column, locale)}"


def _part_of_group(filter_: Filter, dataset: Dataset, locale: str) -> str:
    text = sentence(filter_, dataset, locale)
    is_group = isinstance(filter_, AllOf | AnyOf) and len(filter_.filters) > 1
    return f"({text})" if is_group else text


def _predicate(comparison: Comparison, column: Column, locale: str) -> str:
    match comparison:
        case Equals():
            shown = _shown(comparison.value, column, locale)
            return translated("is {value}", locale, value=shown)
        case OneOf():
            values = _shown_list(comparison.values, column, locale)
            return translated("is one of {values}", locale, values=values)
        case NoneOf():
            words = "is none of {values}" if len(comparison.values) > 1 else "is not {values}"
            values = _shown_list(comparison.values, column, locale)
            return translated(words, locale, values=values)
        case InRange():
            return _shown_range(comparison, column, locale)
        case IsNull():
            return translated("is empty" if comparison.value else "is not empty", locale)


def _shown_list(values: Sequence[object], column: Column, locale: str) -> str:
    parts = [_shown(each, column, locale) for each in values[:_MAX_VALUES_IN_SENTENCE]]
    if len(values) > _MAX_VALUES_IN_SENTENCE:
        count = len(values) - _MAX_VALUES_IN_SENTENCE
        parts.append(translated("{count} more", locale, count=count))
    return ", ".join(parts)


def _shown_range(comparison: InRange, column: Column, locale: str) -> str:
    is_time = column.type in {ColumnType.DATE, ColumnType.INSTANT}
    parts = []
    if comparison.first is not None:
        words = "from {value}" if is_time else "at least {value}"
        parts.append(translated(words, locale, value=_bound(comparison.first, column, locale)))
    if comparison.end is not None:
        words = "before {value}" if is_time else "less than {value}"
        parts.append(translated(words, locale, value=_bound(comparison.end, column, locale)))
    bounds = f" {translated('and', locale)} ".join(parts)
    return translated("is {bounds}", locale, bounds=bounds)


def _bound(value: object, column: Column, locale: str) -> str:
    """A value behind a preposition, which some languages write in another case."""
    day = period_day(value)
    return _shown(value, column, locale) if day is None else shown_finding(day.words, locale)


def _shown(value: object, column: Column, locale: str) -> str:
    day = period_day(value)
    if day is not None:
        return shown_finding(translated(day.words, locale), locale)
    match value:
        case bool():
            return translated("yes" if value else "no", locale)
        case str() if column.type is ColumnType.TEXT and value in words_of(column.name, locale):
            return words_of(column.name, locale)[value]
        case str() if value == "" or value != value.strip():
            return f'"{value}"'
        case _:
            return str(value)
