"""How the values of a report's rows read on the page.

What belongs here: canonical text to what stands in a cell, for writing and for comparing a page
with its rows. What does not: markup, widths.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import ColumnPart
from reporting_pipeline.exports.presentation import (
    count_for_people,
    date_for_people,
    local_text,
    money_for_people,
    ratio_for_people,
)
from reporting_pipeline.registry.columns import ColumnType, Unit

_WORDS = {"true": "yes", "false": "no"}


class Style(StrEnum):
    """How a column is set; the names are classes of the style sheet."""

    FIGURE = "figure"
    TEXT = "text"
    SHORT = "short"
    ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellTexts:
    """Turns canonical rows into what stands in their cells.

    Attributes:
        currency: Name of the column with the currency of a row's money; None: no money.
        time_zone: IANA name, of instants.
    """

    columns: tuple[ColumnPart, ...]
    currency: str | None
    locale: str
    time_zone: str

    def rows(self, canonical: Iterable[CanonicalRow]) -> Iterator[tuple[str, ...]]:
        """The texts of each row; nothing for null."""
        names = [column.name for column in self.columns]
        place = names.index(self.currency) if self.currency is not None else None
        for values in canonical:
            currency = values[place] if place is not None else None
            yield tuple(
                self.text(column, value, currency)
                for column, value in zip(self.columns, values, strict=True)
            )

    def text(self, column: ColumnPart, value: str | None, currency: str | None) -> str:
        """One value as it reads; `currency` is that of its row."""
        text = value or ""
        match column.type if value is not None else None:
            case ColumnType.BIGINT:
                is_money = column.unit == Unit.MINOR
                code = currency if is_money else None
                text = _number(text, code, self.locale, is_money=is_money)
            case ColumnType.RATIO:
                text = ratio_for_people(Decimal(text), self.locale)
            case ColumnType.DATE:
                text = _day(text, self.locale)
            case ColumnType.INSTANT:
                text = local_text(datetime.fromisoformat(text), self.time_zone)
            case ColumnType.BOOLEAN:
                text = _WORDS[text]
        return text


def style_of(column: ColumnPart) -> Style:
    """How a column is set."""
    match column.type:
        case ColumnType.BIGINT | ColumnType.RATIO:
            return Style.FIGURE
        case ColumnType.UUID | ColumnType.UUIDS:
            return Style.ID
        case ColumnType.TEXT:
            return Style.TEXT
        case _:
            return Style.SHORT


@lru_cache(maxsize=8192)
def _number(value: str, currency: str | None, locale: str, *, is_money: bool) -> str:
    if is_money:
        return money_for_people(int(value), currency, locale)
    return count_for_people(int(value), locale)


@lru_cache(maxsize=1024)
def _day(value: str, locale: str) -> str:
    return date_for_people(date.fromisoformat(value), locale)
