"""Money, ratios, dates and instants as people read them, single values and columns."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from babel import localedata
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_pipeline.domain.currencies import major_text, minor_digits
from reporting_pipeline.exports.presentation import (
    count_for_people,
    date_for_people,
    date_pattern,
    decimal_sign,
    instant_of,
    list_delimiter,
    local_text,
    local_texts,
    major_texts,
    minor_of,
    money_for_people,
    rate_for_people,
    ratio_for_people,
    ratio_texts,
)

_EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)
INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
CODES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XXY", "XAU", "", None])
SIGNS = st.sampled_from([".", ","])
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
INSTANTS = st.integers(
    min_value=10 * 365 * 86_400 * 10**6, max_value=200 * 365 * 86_400 * 10**6
).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))
# Changes by half an hour, a minute after midnight, by two hours, at a quarter to, around Ramadan.
_ZONES_WITH_ODD_RULES = (
    *("Australia/Lord_Howe", "America/St_Johns", "Antarctica/Troll", "Pacific/Chatham"),
    *("Africa/Casablanca", "Europe/Berlin", "America/Nuuk", "UTC"),
)
NIGHT_THE_CLOCK_GOES_BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "digits"),
    # CLDR has 0 for IQD and AFN; ISO 4217 decides.
    [
        *[("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("IQD", 3), ("AFN", 2), ("MRU", 2)],
        *[("XAU", None), ("XXX", None), ("XXY", None), ("eur", None), ("", None), (None, None)],
    ],
)
def test_digits_of_a_currency_are_those_of_iso_4217(code: str | None, digits: int | None) -> None:
    assert minor_digits(code) == digits


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (123456, "EUR", "1234.56"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (500, "JPY", "500"),
        (-1, "KWD", "-0.001"),
        (-(2**63), "EUR", "-92233720368547758.08"),
        (1234, "XXY", "1234"),
        (1234, None, "1234"),
    ],
)
def test_money_in_major_units_is_exact(minor: int, code: str | None, text: str) -> None:
    assert major_text(minor, code) == text


@_EXAMPLES
@given(minor=INT64, code=CODES, sign=SIGNS)
def test_money_is_read_back(minor: int, code: str | None, sign: str) -> None:
    assert minor_of(major_text(minor, code, sign), code, sign) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "1.2",
        "1.234",
        "1,23",
        "-0.00",
        "00.10",
        "+1.00",
        ".50",
        " 1.00",
        "1e5",
        "\u0661.00",
    ],
)
def test_money_in_another_form_is_not_read(text: str) -> None:
    assert minor_of(text, "EUR") is None


@_EXAMPLES
@given(rows=st.lists(st.tuples(st.none() | INT64, CODES)), sign=SIGNS)
def test_a_column_of_money_has_the_texts_of_its_values(
    rows: list[tuple[int | None, str | None]], sign: str
) -> None:
    money = pa.array([minor for minor, _ in rows], pa.int64())
    codes = pa.array([code for _, code in rows], pa.string())

    expected = [None if minor is None else major_text(minor, code, sign) for minor, code in rows]
    assert major_texts(money, codes, sign).to_pylist() == expected
    in_minor = [None if minor is None else str(minor) for minor, _ in rows]
    assert major_texts(money, None, sign).to_pylist() == in_minor


@_EXAMPLES
@given(instant=INSTANTS, zone=ZONES)
def test_an_instant_is_read_back(instant: datetime, zone: str) -> None:
    assert instant_of(local_text(instant, ZoneInfo(zone)), ZoneInfo(zone)) == instant


@_EXAMPLES
@given(rows=st.lists(st.none() | INSTANTS), zone=ZONES)
def test_a_column_of_instants_has_the_texts_of_its_values(
    rows: list[datetime | None], zone: str
) -> None:
    array = pa.array(rows, pa.timestamp("us", tz="UTC"))
    expected = [
        None if instant is None else local_text(instant, ZoneInfo(zone)) for instant in rows
    ]
    assert local_texts(array, ZoneInfo(zone)).to_pylist() == expected


@pytest.mark.parametrize("year", [1973, 1990, 2010, 2026, 2050])
@pytest.mark.parametrize("name", _ZONES_WITH_ODD_RULES)
def test_each_hour_around_a_change_of_the_clock_has_the_texts_of_its_instants(
    name: str, year: int
) -> None:
    zone = ZoneInfo(name)
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(-1, 366)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    changed = [days[n] for n in range(366) if n == 0 or offsets[n] != offsets[n + 1]]
    hours = [day + timedelta(hours=hour) for day in changed for hour in range(-3, 28)]
    of_hours = [[hour + timedelta(seconds=90.000001 * n) for n in range(40)] for hour in hours]

    found = [
        local_texts(pa.array(instants, pa.timestamp("us", tz="UTC")), zone).to_pylist()
        for instants in of_hours
    ]

    assert found == [[local_text(each, zone) for each in instants] for instants in of_hours]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati"])
def test_the_ends_of_the_calendar_are_exact(zone: str) -> None:
    ends = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    texts = [local_text(end, ZoneInfo(zone)) for end in ends]

    assert [instant_of(text, ZoneInfo(zone)) for text in texts] == ends
    array = pa.array([*ends, None], pa.timestamp("us", tz="UTC"))
    assert local_texts(array, ZoneInfo(zone)).to_pylist() == [*texts, None]


def test_only_the_hour_that_comes_twice_shows_its_offset() -> None:
    hours = [NIGHT_THE_CLOCK_GOES_BACK + timedelta(hours=hour) for hour in (-1, 0, 1, 2)]
    assert [local_text(hour, ZoneInfo("Europe/Berlin")) for hour in hours] == [
        "2026-10-25 01:30:00",
        "2026-10-25 02:30:00+02:00",
        "2026-10-25 02:30:00+01:00",
        "2026-10-25 03:30:00",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "2026-10-25", "2026-10-25 02:30:00", "2026-03-29 02:30:00", "2026-01-01T00:00:00", "x"],
)
def test_an_instant_in_another_form_is_not_read(text: str) -> None:
    assert instant_of(text, ZoneInfo("Europe/Berlin")) is None


def test_ratios_keep_their_six_decimals() -> None:
    ratios = pa.array(
        [Decimal("0.000001"), Decimal("-1.5"), Decimal(0), None], pa.decimal128(12, 6)
    )
    assert ratio_texts(ratios, ",").to_pylist() == ["0,000001", "-1,500000", "0,000000", None]


@pytest.mark.parametrize(
    ("locale", "money", "count", "ratio", "day", "delimiter"),
    [
        ("de_DE", "-1.234.567,89", "1.234.567", "33,33\u00a0%", "28.02.2026", ";"),
        ("en_US", "-1,234,567.89", "1,234,567", "33.33%", "Feb 28, 2026", ","),
        ("en_IN", "-12,34,567.89", "12,34,567", "33.33%", "28 Feb 2026", ","),
        ("de_CH", "-1\u2019234\u2019567.89", "1\u2019234\u2019567", "33.33%", "28.02.2026", ","),
        ("tr_TR", "-1.234.567,89", "1.234.567", "%33,33", "28 \u015eub 2026", ";"),
    ],
)
def test_figures_have_the_form_of_the_locale(
    locale: str, money: str, count: str, ratio: str, day: str, delimiter: str
) -> None:
    assert money_for_people(-123456789, "EUR", locale) == money
    assert count_for_people(1234567, locale) == count
    assert ratio_for_people(Decimal("0.333333"), locale) == ratio
    assert date_for_people(date(2026, 2, 28), locale) == day
    assert list_delimiter(locale) == delimiter


def test_a_share_has_two_decimals_and_a_rate_that_is_set_has_all_of_its_own() -> None:
    shares = ["0.522765", "1", "0", "-0.000001"]
    assert [ratio_for_people(Decimal(each), "en_GB") for each in shares] == [
        "52.28%",
        "100.00%",
        "0.00%",
        "0.00%",
    ]
    rates = ["0.19", "0.08875", "0"]
    assert [rate_for_people(Decimal(each), "en_GB") for each in rates] == [
        "19.0%",
        "8.875%",
        "0.0%",
    ]


def test_every_locale_has_its_signs_and_loses_no_digit() -> None:
    digits = "1234567890123456789"
    for locale in localedata.locale_identifiers():
        text = money_for_people(-int(digits), "EUR", locale)
        assert "".join(filter(str.isdigit, text)) == digits, locale
        assert decimal_sign(locale) in {".", ","}
        assert "y" in date_pattern(locale)


def test_unknown_currencies_are_not_guessed() -> None:
    assert money_for_people(-123456, "XXY", "de_DE") == "-123456"
