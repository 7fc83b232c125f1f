"""The values that a column may be compared with, by the column's type.

    text, currency   text; one of the column's values where these are few
    uuid             text in UUID form
    date             text, 2026-02-28, in the years 2000 to 2099
    instant          text with an offset, 2026-02-28T19:30:00+01:00
    whole numbers    a whole number; money in minor units
    shares           text with up to six decimals, "0.25", or a whole number
    boolean          true or false

What belongs here: which operators and values fit a type. What does not: filters as a whole.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from reporting_pipeline.registry.columns import Column, ColumnType
from reporting_pipeline.report_definitions.problems import shown

FIRST_YEAR, LAST_YEAR = 2000, 2099

_EVERY = frozenset({"=", "in", "not_in", "is_null"})
_ORDERED = _EVERY | {"range"}
OPERATORS = MappingProxyType(
    {
        ColumnType.BIGINT: _ORDERED,
        ColumnType.BOOLEAN: frozenset({"=", "is_null"}),
        ColumnType.CURRENCY: _EVERY,
        ColumnType.DATE: _ORDERED,
        ColumnType.INSTANT: frozenset({"range", "is_null"}),
        ColumnType.RATIO: frozenset({"=", "range", "is_null"}),
        ColumnType.TEXT: _EVERY,
        ColumnType.UUID: _EVERY,
        ColumnType.UUIDS: frozenset({"is_null"}),
    }
)
"""The operators that a column of each type may be compared by."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_SHARE = re.compile(r"-?\d{1,6}(\.\d{1,6})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def typed(column: Column, value: object) -> Any:
    """A value of a filter as the Python type of its column: str, int, bool, Decimal, date ...

    Raises:
        ValueError: It is none; says what was found and what is expected.
    """
    found = _READERS[column.type](value)
    if column.values and found not in column.values:
        raise _unexpected(value, f"one of {', '.join(column.values)}")
    return found


def calendar_day(value: object) -> date:
    """A day from its text.

    Raises:
        ValueError: There is no such day, or it is not in the years 2000 to 2099.
    """
    text = _matching(value, _DAY, "a day, 2026-02-28")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        message = f"{shown(text)} is no day of the calendar"
        raise ValueError(message) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"{day} is not in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(message)
    return day


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(value, "a whole number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _unexpected(value, "true or false")
    return value


def _instant(value: object) -> datetime:
    expected = "an instant with its offset, 2026-02-28T19:30:00+01:00"
    text = _matching(value, _INSTANT, expected)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise _unexpected(value, expected) from error
    calendar_day(text[:10])
    return instant


def _share(value: object) -> Decimal:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return Decimal(_matching(text, _SHARE, "a share with up to six decimals, '0.25'"))


def _uuid(value: object) -> UUID:
    try:
        return UUID(value) if isinstance(value, str) else UUID("")
    except ValueError as error:
        raise _unexpected(value, "a UUID") from error


def _currency(value: object) -> str:
    return _matching(value, _CURRENCY, "an ISO 4217 code, EUR")


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise _unexpected(value, "text")
    return value


def _matching(value: object, pattern: re.Pattern[str], expected: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise _unexpected(value, expected)
    return value


def _unexpected(value: object, expected: str) -> ValueError:
    return ValueError(f"found {shown(value)}, expected {expected}")


_READERS: MappingProxyType[ColumnType, Callable[[object], Any]] = MappingProxyType(
    {
        ColumnType.BIGINT: _whole_number,
        ColumnType.BOOLEAN: _truth,
        ColumnType.CURRENCY: _currency,
        ColumnType.DATE: calendar_day,
        ColumnType.INSTANT: _instant,
        ColumnType.RATIO: _share,
        ColumnType.TEXT: _word,
        ColumnType.UUID: _uuid,
        ColumnType.UUIDS: _uuid,
    }
)
