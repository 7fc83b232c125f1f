"""Ratios of sums, rounded half away from zero from the exact whole numbers."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, and_, case, cast, func, literal_column

from reporting_pipeline.registry.columns import Column, Unit
from reporting_pipeline.report_definitions.conditions import Elements

_ONE: ColumnElement[Any] = literal_column("1")
_ZERO: ColumnElement[Any] = literal_column("0")
_MILLION: ColumnElement[Any] = literal_column("1000000")
# numeric(12,6) has six digits before the point.
_TOO_LARGE: ColumnElement[Any] = literal_column("1000000000000")


def quotient(ratio: Column, sums: Elements) -> ColumnElement[Any]:
    """A ratio from the sums of its parts; null where the divisor is not above 0.

    A share has six decimals, and is null where it has more than six digits before the point; an
    amount for each thing is a whole number of minor units.
    """
    dividend, divisor = (_added(names, sums) for names in (ratio.numerator, ratio.denominator))
    is_amount = ratio.unit is Unit.MINOR
    scale = _ONE if is_amount else _MILLION
    twice = func.div(
        func.abs(dividend) * scale * literal_column("2") + divisor, divisor * literal_column("2")
    )
    rounded = func.sign(dividend) * twice
    if is_amount:
        return case((divisor > _ZERO, cast(rounded, BigInteger())))
    fits = and_(divisor > _ZERO, twice < _TOO_LARGE)
    return case((fits, cast(rounded / scale, Numeric(12, 6))))


def _added(names: tuple[str, ...], sums: Elements) -> ColumnElement[Any]:
    total: ColumnElement[Any] = _ZERO
    for name in names:
        total = total + cast(sums[name], Numeric())
    return total
