"""Instants of orders: as many as asked for, rising, inside the sale, in waking hours."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.calendar import sale_instants

TOKYO = ZoneInfo("Asia/Tokyo")
OPENS_AT = datetime(2025, 3, 1, 1, tzinfo=UTC)
CLOSES_AT = datetime(2025, 5, 1, 1, tzinfo=UTC)


def _instants(count: int) -> list[datetime]:
    return list(sale_instants(Random(1), count, OPENS_AT, CLOSES_AT, TOKYO))  # noqa: S311 - repeatable


def test_instants_rise_inside_the_sale() -> None:
    instants = _instants(500)

    assert len(instants) == 500
    assert instants[0] >= OPENS_AT
    assert instants[-1] < CLOSES_AT
    assert all(one <= two for one, two in pairwise(instants))


def test_first_days_sell_more_than_the_middle() -> None:
    instants = _instants(2_000)

    first = sum(1 for at in instants if (at - OPENS_AT).days < 3)
    middle = sum(1 for at in instants if 30 <= (at - OPENS_AT).days < 33)
    assert first > 5 * middle


def test_nights_are_quiet_in_the_zone_of_the_event() -> None:
    nightly = [at for at in _instants(2_000) if 1 <= at.astimezone(TOKYO).hour < 6]

    assert len(nightly) < 2_000 * 0.05


def test_no_orders_have_no_instants() -> None:
    assert _instants(0) == []
