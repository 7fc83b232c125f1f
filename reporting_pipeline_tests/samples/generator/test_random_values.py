"""Random values: ids, shares, and the instants of orders; all are the same for one seed."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline.samples.generator.random_values import (
    new_id,
    sale_instants,
    split_by_weight,
)

TOKYO = ZoneInfo("Asia/Tokyo")
OPENS_AT = datetime(2025, 3, 1, 1, tzinfo=UTC)
CLOSES_AT = datetime(2025, 5, 1, 1, tzinfo=UTC)


def test_ids_are_version_4_uuids_and_the_same_for_one_seed() -> None:
    one, two = (new_id(Random(3)) for _ in range(2))  # noqa: S311 - repeatable

    assert one == two == str(UUID(one))
    assert (UUID(one).version, UUID(one).variant) == (4, "specified in RFC 4122")


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1], [5, 5]),
        (10, [1, 1, 1], [3, 4, 3]),
        (0, [2, 1], [0, 0]),
        (1, [0.5, 0.25, 0.25], [0, 1, 0]),
    ],
)
def test_parts_sum_to_the_total(total: int, weights: list[float], parts: list[int]) -> None:
    assert split_by_weight(total, weights) == parts
    assert sum(parts) == total


def test_instants_rise_within_the_sale() -> None:
    instants = _instants(500)

    assert len(instants) == 500
    assert instants[0] >= OPENS_AT
    assert instants[-1] < CLOSES_AT
    assert all(one <= two for one, two in pairwise(instants))


def test_the_first_days_sell_more_than_the_middle() -> None:
    instants = _instants(2_000)

    first = sum(1 for at in instants if (at - OPENS_AT).days < 3)
    middle = sum(1 for at in instants if 30 <= (at - OPENS_AT).days < 33)
    assert first > 5 * middle


def test_nights_are_quiet_in_the_zone_of_the_event() -> None:
    nightly = [at for at in _instants(2_000) if 1 <= at.astimezone(TOKYO).hour < 6]

    assert len(nightly) < 2_000 * 0.05


def test_zero_orders_have_no_instants() -> None:
    assert _instants(0) == []


def _instants(count: int) -> list[datetime]:
    return list(sale_instants(Random(1), count, OPENS_AT, CLOSES_AT, TOKYO))  # noqa: S311 - repeatable
