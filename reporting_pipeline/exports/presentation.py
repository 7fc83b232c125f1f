"""Values as people read them: money in major units, instants on a wall clock, a locale's signs.

Formats for programs keep raw values and do not use this. Nothing here depends on the locale, the
time zone or the clock of the process: they are arguments, and the same arguments give the same text
everywhere. The functions whose names end in `texts` take a whole Arrow column; they return the same
texts as their twins for one value, which a test checks, and nulls stay null.
"""

import re
from datetime import MAXYEAR, UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_decimal_symbol

from reporting_pipeline.domain.currencies import major_text, minor_digits

if TYPE_CHECKING:
    import pyarrow as pa

_HUNDREDTH_PERCENT = Decimal("0.0001")
# In 1972 the last zone took an offset of whole minutes.
_FIRST_STEADY_YEAR = 1973
_LAST_OF_HOUR = timedelta(hours=1, microseconds=-1)


def minor_of(text: str, currency: str | None, sign: str = ".") -> int | None:
    """The inverse of `major_text`; None for a text that it never returns."""
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

    Minor units stay unchanged, without groups, where the currency's digits are unknown.
    """
    digits = minor_digits(currency)
    if digits is None:
        return str(minor)
    return _grouped(Decimal(minor).scaleb(-digits), digits, locale)


def count_for_people(number: int, locale: str) -> str:
    """A whole number with the locale's groups."""
    return _grouped(Decimal(number), 0, locale)


def ratio_for_people(ratio: Decimal, locale: str) -> str:
    """A share in per cent with two decimals, as in a workbook: 33,33 % in de_DE."""
    rounded = ratio.quantize(_HUNDREDTH_PERCENT, ROUND_HALF_UP)
    return _percent(rounded + 0, ".00", locale)  # never minus zero


def rate_for_people(rate: Decimal, locale: str) -> str:
    """A rate that is set, as of a tax, in per cent: exact, with one to four decimals."""
    return _percent(rate, ".0###", locale)


def _percent(share: Decimal, decimals: str, locale: str) -> str:
    pattern = _pattern(Locale.parse(locale).percent_formats[None].pattern, decimals)
    return format_percent(share, pattern, locale=locale)


def date_for_people(day: date, locale: str) -> str:
    """A day in the locale's medium form: 28.02.2026 in de_DE, Feb 28, 2026 in en_US."""
    return format_date(day, "medium", locale=locale)


def date_pattern(locale: str) -> str:
    """The locale's medium form of a date as a CLDR pattern: dd.MM.y in de_DE."""
    return str(Locale.parse(locale).date_formats["medium"].pattern)


def decimal_sign(locale: str) -> str:
    """The decimal sign that a spreadsheet in that locale expects: a comma or a point."""
    return "," if get_decimal_symbol(locale) == "," else "."


def list_delimiter(locale: str) -> str:
    """The delimiter that a spreadsheet in that locale expects between the fields of a CSV file."""
    return ";" if decimal_sign(locale) == "," else ","


def local_text(instant: datetime, zone: tzinfo) -> str:
    """An instant on the wall clock of a zone: 2026-02-28 20:30:00; `instant_of` reads it back.

    A fraction of a second follows where there is one. The offset from UTC follows where the clock
    shows the hour twice, on the night when it goes back. The first and last hours of the calendar
    are shown in UTC.
    """
    try:
        wall = instant.astimezone(zone)
    except OverflowError:
        return instant.astimezone(UTC).isoformat(" ")
    if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
        wall = wall.replace(tzinfo=None)
    return wall.isoformat(" ")


def instant_of(text: str, zone: tzinfo) -> datetime | None:
    """The inverse of `local_text`, in UTC; None for a text that it never returns."""
    try:
        wall = datetime.fromisoformat(text)
        instant = (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)
        return instant if local_text(instant, zone) == text else None
    except (ValueError, OverflowError):
        return None


def major_texts(
    money: "pa.Array", currencies: "pa.Array | None", sign: str = "."
) -> "pa.StringArray":
    """Amounts in major units, each by the currency of its row: `major_text`.

    Args:
        money: Minor units, int64.
        currencies: The rows' codes; None where the report shows no currency: amounts then stay in
            minor units.
        sign: The decimal sign.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if currencies is None:
        return money.cast(pa.string())
    encoded = pc.dictionary_encode(currencies)
    digits_of_code = [minor_digits(code) or 0 for code in encoded.dictionary.to_pylist()]
    digits_of_row = pa.array(digits_of_code, pa.int8()).take(encoded.indices).fill_null(0)
    texts = money.cast(pa.string())
    for digits in sorted(set(digits_of_code) - {0}):
        shifted = _shifted(money, digits)
        if sign != ".":
            shifted = pc.replace_substring(shifted, ".", sign, max_replacements=1)
        texts = pc.if_else(pc.equal(digits_of_row, digits), shifted, texts)
    return texts


def ratio_texts(ratios: "pa.Array", sign: str = ".") -> "pa.StringArray":
    """Ratios with six decimals: 0,500000."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = ratios.cast(pa.string())
    return texts if sign == "." else pc.replace_substring(texts, ".", sign)


def local_texts(instants: "pa.Array", zone: tzinfo) -> "pa.StringArray":
    """Instants on the wall clock of a zone: `local_text`.

    The zone is looked up once per hour that occurs, not once per row. Where the offset changes in
    one of these hours, or the clock shows it twice, it is looked up once per minute.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    utc = instants.cast(pa.timestamp("us", tz="UTC")).view(pa.timestamp("us"))
    hours = pc.dictionary_encode(pc.floor_temporal(utc, unit="hour"))
    offsets = [
        _steady_offset(hour.replace(tzinfo=UTC), zone) for hour in hours.dictionary.to_pylist()
    ]
    if None in offsets:
        return _texts_by_minute(utc, zone)
    shift = pa.array(offsets, pa.duration("us")).take(hours.indices)
    wall = pc.floor_temporal(pc.add(utc, shift), unit="second").cast(pa.timestamp("s"))
    return pc.binary_join_element_wise(wall.cast(pa.string()), *_fractions(utc), "")


def _steady_offset(hour: datetime, zone: tzinfo) -> timedelta | None:
    """The offset of a whole hour, which begins in UTC; None if it changes, or the hour comes twice.

    Equal offsets at both ends are enough: no zone has changed its offset twice within 150 hours.
    """
    if not _FIRST_STEADY_YEAR <= hour.year < MAXYEAR:
        return None
    ends = [each.replace(tzinfo=UTC).astimezone(zone) for each in (hour, hour + _LAST_OF_HOUR)]
    offsets = {each.replace(fold=fold).utcoffset() for each in ends for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def _texts_by_minute(utc: "pa.Array", zone: tzinfo) -> "pa.StringArray":
    """The zone is looked up once per minute that occurs, unless its offset has seconds.

    All offsets had seconds before 1900. No offset has changed within a minute since 1973.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(pc.floor_temporal(utc, unit="minute"))
    walls = _wall_texts(encoded.dictionary, zone)
    if any(wall[16:19] != ":00" for wall in walls):
        encoded = pc.dictionary_encode(utc)
        return pa.array(_wall_texts(encoded.dictionary, zone), pa.string()).take(encoded.indices)
    # `2026-10-25 02:30:00+01:00`: the text before the seconds, and the text after them.
    before = pa.array([wall[:16] for wall in walls], pa.string()).take(encoded.indices)
    after = pa.array([wall[19:] for wall in walls], pa.string()).take(encoded.indices)
    seconds = pa.array([f":{second:02}" for second in range(60)]).take(pc.second(utc))
    parts = [before, seconds, *_fractions(utc), after]
    return pc.binary_join_element_wise(*parts, "")


def _grouped(number: Decimal, digits: int, locale: str) -> str:
    fraction = "." + "0" * digits if digits else ""
    pattern = _pattern(Locale.parse(locale).decimal_formats[None].pattern, fraction)
    return format_decimal(number, pattern, locale=locale)


def _pattern(of_locale: str, fraction: str) -> str:
    """A locale's number pattern, with its groups and affixes but with our decimals."""
    whole, _, rest = of_locale.partition(".")
    affix = rest.lstrip("#0") if rest else ""
    last = whole.rindex("0") + 1
    return whole[:last] + fraction + whole[last:] + affix


def _shifted(money: "pa.Array", digits: int) -> "pa.StringArray":
    # The same 128 bits, read with another scale: exact for every int64.
    import pyarrow as pa

    whole = money.cast(pa.decimal128(19, 0))
    return whole.view(pa.decimal128(19, digits)).cast(pa.string())


def _wall_texts(utc: "pa.Array", zone: tzinfo) -> list[str]:
    return [local_text(instant.replace(tzinfo=UTC), zone) for instant in utc.to_pylist()]


def _fractions(utc: "pa.Array") -> "list[pa.StringArray]":
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pc.floor_temporal(utc, unit="second").view(pa.int64())
    fractions = pc.subtract(utc.view(pa.int64()), whole)
    if not pc.any(pc.not_equal(fractions, 0)).as_py():
        return []
    digits = pc.utf8_lpad(fractions.cast(pa.string()), width=6, padding="0")
    texts = pc.binary_join_element_wise("", digits, ".")
    return [pc.if_else(pc.equal(fractions, 0), "", texts)]
