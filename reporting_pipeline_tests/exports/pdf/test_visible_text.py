"""Every character of a text is visible, and none has an effect."""

import pytest

from reporting_pipeline.exports.pdf.visible_text import (
    id_markup,
    is_right_to_left,
    text_markup,
    visible_text,
)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("東京ドーム", "東京ドーム"),
        ("नमस्ते", "नमस्ते"),
        ("e\u0301", "e\u0301"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("\U00013000", "U+13000"),  # a hieroglyph: no bundled font has it
        ("\U00020000", "U+20000"),  # a rare hanzi
        ("\ue000", "U+E000"),  # for private use
        ("a\u202eb", "aU+202Eb"),  # reverses the text after it
        ("a\u2066b", "aU+2066b"),
        ("a\x0bb\x7f", "aU+000BbU+007F"),
        ("\ufffe", "U+FFFE"),
        ("a\u2028b", "aU+2028b"),
        ("\r", "U+000D"),
        (" ", "U+0020"),
        ("\u200b\u200b", "U+200BU+200B"),  # nothing else: it would look empty
        ("a\u0300\u0301\u0302\u0303", "a\u0300\u0301\u0302U+0303"),  # a pile of marks
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ],
)
def test_an_invisible_character_is_shown_as_its_code(text: str, seen: str) -> None:
    assert visible_text(text) == seen


@pytest.mark.parametrize("text", ["<script>", "a & b", '"', "é <i>", "\u202e<b>"])
def test_markup_in_a_text_is_text(text: str) -> None:
    own = text_markup(text).replace('<span class="code">', "").replace("</span>", "")
    assert "<" not in own
    assert '"' not in own


def test_line_ends_of_any_system_are_one_line_end() -> None:
    assert text_markup("a\r\nb\nc") == "a\nb\nc"


def test_the_first_visible_letter_decides_the_direction() -> None:
    assert is_right_to_left("(2026) مهرجان festival")
    assert is_right_to_left("חנוכה")
    assert not is_right_to_left("festival مهرجان")
    assert not is_right_to_left("12,50")
    assert is_right_to_left("01\u200f/10\u200f/2025")  # a date in the form of Egypt
    assert not is_right_to_left("\u0600\u061c")  # the first is shown as its code, which is Latin


def test_an_id_is_folded_into_halves_of_similar_length() -> None:
    one = "00000001-0000-4000-8000-00000000000a"
    assert id_markup(f"{one} {one}").split("\n") == [one[:19], one[19:]] * 2
    assert id_markup("<x>") == "&lt;x&gt;"
