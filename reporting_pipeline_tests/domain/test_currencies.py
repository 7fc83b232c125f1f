"""The digits of currencies are those of ISO 4217, and stay when ISO withdraws a currency."""

import pytest
from iso4217 import Currency

from reporting_pipeline.domain.currencies import MINOR_DIGITS


@pytest.mark.parametrize("currency", list(Currency), ids=lambda each: each.code)
def test_every_currency_of_the_present_list_has_its_digits(currency: Currency) -> None:
    assert MINOR_DIGITS.get(currency.code) == currency.exponent


@pytest.mark.parametrize(
    ("code", "digits"),
    [("BGN", 2), ("HRK", 2), ("ANG", 2), ("DEM", 2), ("ITL", 0), ("BYR", 0), ("MRO", 2)],
)
def test_a_withdrawn_currency_keeps_its_digits(code: str, digits: int) -> None:
    assert MINOR_DIGITS[code] == digits
    assert code not in {each.code for each in Currency}
