"""Draws from seeded random numbers."""

from random import Random
from uuid import UUID

import pytest

from reporting_pipeline.samples.generator.chance import new_id, shares


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
def test_shares_sum_to_the_whole(total: int, weights: list[float], parts: list[int]) -> None:
    assert shares(total, weights) == parts
    assert sum(parts) == total
