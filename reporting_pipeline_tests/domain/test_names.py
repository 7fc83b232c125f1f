"""Names as people read and compare them, whatever is in them."""

from uuid import UUID

import pytest

from reporting_pipeline.domain.names import (
    beside_id,
    comparable,
    name_or_id,
)

ID = UUID(int=7)


@pytest.mark.parametrize(
    ("name", "text", "cell"),
    [
        ("Winter Gala", f"Winter Gala ({ID})", "Winter Gala"),
        (None, str(ID), str(ID)),
        ("\u200b", str(ID), str(ID)),
    ],
)
def test_a_name_is_beside_its_id(name: str | None, text: str, cell: str) -> None:
    assert beside_id(name, ID) == text
    assert name_or_id(name, ID) == cell


@pytest.mark.parametrize(
    "same",
    ["WINTER GALA", " winter  gala", "Winter\u00a0Gala", "\uff37inter Gala", "Win\u200dter Gala"],
)
def test_names_that_differ_by_case_or_blanks_are_the_same(same: str) -> None:
    assert comparable(same) == comparable("Winter Gala")
    assert comparable("Winter Gala 2") != comparable("Winter Gala")


def test_a_long_name_is_compared_to_its_end() -> None:
    assert comparable("x" * 200 + "a") != comparable("x" * 200 + "b")
    assert comparable("STRASSE") == comparable("stra\u00dfe")
