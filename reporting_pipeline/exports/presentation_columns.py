"""How whole columns look to people: the twins of `presentation`, on Arrow arrays.

They give the same texts as the functions for one value; a test holds them to it. Nulls stay null.

What belongs here: columns of one batch. What does not: any format, and quoting or guarding texts.
"""

from datetime import UTC
from typing import TYPE_CHECKING

from reporting_pipeline.exports.presentation import local_text, minor_digits

if TYPE_CHECKING:
    import pyarrow as pa

_SECOND = 1_000_000


def major_texts(
    money: "pa.Array", currencies: "pa.Array | None", sign: str = "."
) -> "pa.StringArray":
    """Amounts in major units, each by the currency of its row: `presentation.major_text`.

    Args:
        money: Minor units, int64.
        currencies: The rows' codes; None where the report shows none: amounts stay in minor units.
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
    """Shares as they are, with six decimals: 0,500000."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = ratios.cast(pa.string())
    return texts if sign == "." else pc.replace_substring(texts, ".", sign)


def local_texts(instants: "pa.Array", zone: str) -> "pa.StringArray":
    """Instants on the wall clock of a zone: `presentation.local_text`.

    The zone is asked once per minute that occurs, not per row, unless its offset has seconds, as
    all had before 1900. No offset has changed within a minute since 1972.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    utc = instants.cast(pa.timestamp("us", tz="UTC")).view(pa.timestamp("us"))
    encoded = pc.dictionary_encode(pc.floor_temporal(utc, unit="minute"))
    walls = _walls(encoded.dictionary, zone)
    if any(wall[16:19] != ":00" for wall in walls):
        encoded = pc.dictionary_encode(utc)
        return pa.array(_walls(encoded.dictionary, zone), pa.string()).take(encoded.indices)
    minutes = [_halves(wall) for wall in walls]
    before = pa.array([head for head, _ in minutes], pa.string()).take(encoded.indices)
    after = pa.array([offset for _, offset in minutes], pa.string()).take(encoded.indices)
    seconds = pa.array([f":{second:02}" for second in range(60)]).take(pc.second(utc))
    parts = [before, seconds, *_fractions(utc), after]
    return pc.binary_join_element_wise(*parts, "")


def _shifted(money: "pa.Array", digits: int) -> "pa.StringArray":
    # The same 128 bits, read with another scale: exact for every int64.
    import pyarrow as pa

    whole = money.cast(pa.decimal128(19, 0))
    return whole.view(pa.decimal128(19, digits)).cast(pa.string())


def _walls(utc: "pa.Array", zone: str) -> list[str]:
    return [local_text(instant.replace(tzinfo=UTC), zone) for instant in utc.to_pylist()]


def _halves(wall: str) -> tuple[str, str]:
    """What stands before the seconds of `2026-10-25 02:30:00+01:00`, and what after them."""
    return wall[:16], wall[19:]


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
