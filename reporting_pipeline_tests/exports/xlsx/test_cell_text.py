"""Escapes of texts: every text comes back, and the file has no character that XML lacks."""

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting_pipeline.exports.xlsx.cell_text import escape, first_too_long, unescape, xml_texts

TEXTS = st.text(st.one_of(st.sampled_from("_x0041F\x01\r\n\uffff"), st.characters(codec="utf-8")))


@given(TEXTS)
def test_every_text_comes_back(text: str) -> None:
    written = escape(text)
    assert unescape(written) == text
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", written)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\x07b", "a_x0007_b"),
        ("a\r\n\tb", "a_x000D_\n\tb"),
        ("_x0041_", "_x005F_x0041_"),
        ("_x0041_x0042_", "_x005F_x0041_x005F_x0042_"),
        ("_x0041\x01", "_x005F_x0041_x0001_"),
        ("_x0041", "_x0041"),
        ("x_y", "x_y"),
    ],
)
def test_escapes_are_those_of_the_format(text: str, written: str) -> None:
    assert escape(text) == written


def test_a_column_is_escaped_like_its_texts() -> None:
    texts = ["a\x07", None, "<b>&amp;", "", "_x0041_", "plain"]
    assert xml_texts(pa.array(texts)).to_pylist() == [
        "a_x0007_",
        None,
        "&lt;b&gt;&amp;amp;",
        "",
        "_x005F_x0041_",
        "plain",
    ]


def test_the_first_text_that_is_too_long_is_found() -> None:
    assert first_too_long(pa.array(["a", None, "x" * 32_767])) is None
    assert first_too_long(pa.array(["a", None, "x" * 32_768, "x" * 32_769])) == 2
    assert first_too_long(pa.array([], pa.string())) is None
