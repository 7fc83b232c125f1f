"""How values look to people: money in major units, instants on a wall clock, a locale's signs.

Machine formats keep raw values and need none of this. Nothing here reads the process's locale, its
time zone or the clock: both are arguments, and the same arguments give the same text everywhere.

What belongs here: one value, and the facts of a locale. What does not: whole columns at once
(`presentation_columns`) and the look of any one format.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_decimal_symbol
from iso4217 import Currency


@cache
def minor_digits(currency: str | None) -> int | None:
    """How many digits of a currency's amounts stand behind the decimal sign, by ISO 4217.

    None where ISO 4217 says nothing: an unknown code, no code, or one without minor units (gold).
    CLDR and the locales that follow it differ from ISO for a dozen currencies; they are not asked.
    """
    try:
        digits: int | None = Currency(currency).exponent
    except ValueError:
        return None
    return digits


def major_text(minor: int, currency: str | None, sign: str = ".") -> str:
    """An amount in major units, exact, without grouping: 123456 EUR is 1234.56, 500 JPY is 500.

    Minor units stay as they are where the currency's digits are not known; nothing is guessed.
    """
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    text = str(abs(minor)).rjust(digits + 1, "0")
    return f"{'-' if minor < 0 else ''}{text[:-digits]}{sign}{text[-digits:]}"


def minor_of(text: str, currency: str | None, sign: str = ".") -> int | None:
    """The minor units that `major_text` wrote so; None for a text that it never writes."""
    digits = minor_digits(currency)
    if digits and text[-digits - 1 : -digits] != sign:
        return None
    plain = text[: -digits - 1] + text[-digits:] if digits else text
    if not re.fullmatch(r"-?[0-9]{1,30}", plain):
        return None
    minor = int(plain)
    return minor if major_text(minor, currency, sign) == text else None


def money_for_people(minor: int, currency: str | None, locale: str) -> str:
    """An amount in major units with the locale's signs and groups: 1.234,56 in de_DE.

    Where the currency's digits are not known it stays in minor units, ungrouped, as `major_text`.
    """
    digits = minor_digits(currency)
    if digits is None:
        return str(minor)
    return _grouped(Decimal(minor).scaleb(-digits), digits, locale)


def count_for_people(number: int, locale: str) -> str:
    """A whole number with the locale's groups."""
    return _grouped(Decimal(number), 0, locale)


def ratio_for_people(ratio: Decimal, locale: str) -> str:
    """A share in per cents, exact, with one to four digits: 33,3333 % in de_DE."""
    pattern = _pattern(Locale.parse(locale).percent_formats[None].pattern, ".0###")
    return format_percent(ratio, pattern, locale=locale)


def date_for_people(day: date, locale: str) -> str:
    """A day in the locale's medium form: 28.02.2026 in de_DE, Feb 28, 2026 in en_US."""
    return format_date(day, "medium", locale=locale)


def date_pattern(locale: str) -> str:
    """The locale's medium form of a date as a CLDR pattern: dd.MM.y in de_DE."""
    return str(Locale.parse(locale).date_formats["medium"].pattern)


def decimal_sign(locale: str) -> str:
    """The decimal sign that a spreadsheet of that locale expects: a comma or a point."""
    return "," if get_decimal_symbol(locale) == "," else "."


def list_delimiter(locale: str) -> str:
    """What a spreadsheet of that locale expects between the fields of a CSV file."""
    return ";" if decimal_sign(locale) == "," else ","


def local_text(instant: datetime, zone: str) -> str:
    """An instant on the wall clock of a zone: 2026-02-28 20:30:00; exact, so it can be read back.

    A fraction of a second follows where there is one, and the offset from UTC where the clock shows
    the hour twice, on the night it goes back. The first and last hours of the calendar are in UTC.
    """
    try:
        wall = instant.astimezone(_zone(zone))
    except OverflowError:
        return instant.astimezone(UTC).isoformat(" ")
    if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
        wall = wall.replace(tzinfo=None)
    return wall.isoformat(" ")


def instant_of(text: str, zone: str) -> datetime | None:
    """The instant that `local_text` wrote so, in UTC; None for a text that it never writes."""
    try:
        wall = datetime.fromisoformat(text)
        instant = (wall if wall.tzinfo else wall.replace(tzinfo=_zone(zone))).astimezone(UTC)
        return instant if local_text(instant, zone) == text else None
    except (ValueError, OverflowError):
        return None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _grouped(number: Decimal, digits: int, locale: str) -> str:
    fraction = "." + "0" * digits if digits else ""
    pattern = _pattern(Locale.parse(locale).decimal_formats[None].pattern, fraction)
    return format_decimal(number, pattern, locale=locale)


def _pattern(of_locale: str, fraction: str) -> str:
    """A locale's pattern, with its groups and affixes, and our digits behind the decimal sign."""
    whole, _, rest = of_locale.partition(".")
    affix = rest.lstrip("#0") if rest else ""
    last = whole.rindex("0") + 1
    return whole[:last] + fraction + whole[last:] + affix
