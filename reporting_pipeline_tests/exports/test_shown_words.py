"""Words in place of values: each text is that of one value, whatever the values are."""

import pyarrow as pa
import pytest

from reporting_pipeline.exports.shown_words import shown_word, shown_words, value_of

WORDS = {"web": "Internet", "box_office": "Abendkasse"}
VALUES = ["web", "Internet", "'Internet", "''Internet", "'web", "Parkett", "", "'", "box_office"]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_from_its_word(value: str) -> None:
    assert value_of(shown_word(value, WORDS), WORDS) == value


def test_no_two_values_have_the_same_text() -> None:
    assert len({shown_word(value, WORDS) for value in VALUES}) == len(VALUES)


@pytest.mark.parametrize("text", ["web", "box_office"])
def test_a_value_that_has_a_word_is_never_shown(text: str) -> None:
    assert value_of(text, WORDS) is None


def test_a_column_is_shown_as_its_values_are() -> None:
    column = pa.array([*VALUES, None])

    assert shown_words(column, WORDS).to_pylist() == [
        *(shown_word(value, WORDS) for value in VALUES),
        None,
    ]
    assert shown_words(column, {}) is column
