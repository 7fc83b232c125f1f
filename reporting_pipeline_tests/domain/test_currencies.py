"""The digits of currencies are those of ISO 4217, and stay when ISO withdraws a currency."""

import iso4217
import pytest
from iso4217 import Currency

from reporting_pipeline.domain.currencies import ISO_4217_DATE, MINOR_DIGITS


@pytest.mark.parametrize("currency", list(Currency), ids=lambda each: each.code)
def test_every_currency_of_the_present_list_has_its_digits(currency: Currency) -> None:
    assert MINOR_DIGITS.get(currency.code) == currency.exponent


def test_the_table_has_the_date_of_the_list_that_it_is_compared_with() -> None:
    assert iso4217.__published__.isoformat() == ISO_4217_DATE


@pytest.mark.parametrize(
    ("code", "digits"),
    [("BGN", 2), ("HRK", 2), ("ANG", 2), ("DEM", 2), ("ITL", 0), ("BYR", 0), ("MRO", 2)],
)
def test_a_withdrawn_currency_keeps_its_digits(code: str, digits: int) -> None:
    assert MINOR_DIGITS[code] == digits
    assert code not in {each.code for each in Currency}
