"""The guard: no text is run by a spreadsheet, and every text comes back."""

import re

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reporting_pipeline.exports.csv_spreadsheet import guard, guard_column, unguard
from reporting_pipeline_tests.hostile import FORMULAS, hostile_strings

_EXAMPLES = settings(max_examples=500, deadline=None, derandomize=True)
# Texts with many of the signs that the guard looks for, and any text.
TEXTS = st.text(alphabet="'=-|\uff1d \t\r\n,;\u200b\ufeffa\"", max_size=12) | st.text()
# The first sign of a cell for a program that skips invisible ones.
_VISIBLE = re.compile(r"[^\s\ufeff\u200b\u202e]")


@_EXAMPLES
@given(text=TEXTS)
@example(text="'\t=1,'=1")
def test_every_text_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text


@_EXAMPLES
@given(text=TEXTS)
def test_a_text_that_the_guard_never_writes_is_not_read(text: str) -> None:
    inner = unguard(text)
    assert inner is None or guard(inner) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "\n", "\r"])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_as_a_formula_wherever_a_reader_splits(text: str, delimiter: str) -> None:
    for cell in guard(text).split(delimiter):
        first = _VISIBLE.search(cell)
        assert first is None or first[0] not in "=+-@|%\uff1d\uff0b\uff0d\uff20"


def test_a_column_is_guarded_like_its_texts() -> None:
    texts = [*hostile_strings(), None, "plain"]
    expected = [None if text is None else guard(text) for text in texts]

    assert guard_column(pa.array(texts)).to_pylist() == expected
    assert guard_column(pa.array(["plain", None])).to_pylist() == ["plain", None]


@_EXAMPLES
@given(texts=st.lists(TEXTS, max_size=5))
def test_a_column_of_any_texts_is_guarded_like_its_texts(texts: list[str]) -> None:
    assert guard_column(pa.array(texts, pa.string())).to_pylist() == [guard(text) for text in texts]


@pytest.mark.parametrize(
    "text",
    ["", "plain", "a=b", "a - b", "1-2", "O'Neill", "'quoted'", "5 %", "Köln, Halle 7", "{=1}"],
)
def test_plain_texts_stay_unchanged(text: str) -> None:
    assert guard(text) == text


@pytest.mark.parametrize("text", ["=1", "\t", " =1", "a,=1", "a\n@b"])
def test_a_text_without_its_guard_is_not_read(text: str) -> None:
    assert unguard(text) is None
