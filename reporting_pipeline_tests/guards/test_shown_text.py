"""Text from data cannot control a terminal, and is never endless."""

import unicodedata

import pytest

from reporting_pipeline.guards.shown_text import (
    JOINERS,
    MAX_NAME_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    on_one_line,
    shown,
    shown_lines,
)
from reporting_pipeline_tests.hostile import hostile_strings


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (7, "7"),
        ("Bühne 東京 👩‍👩‍👧 مسرح", "Bühne 東京 👩‍👩‍👧 مسرح"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("a\nb\rc\td", "a\ufffdb\ufffdc\ufffdd"),
        ("\u202eevil\u2066", "\ufffdevil\ufffd"),
        ("\udcff", "\ufffd"),
        ("x" * 300, "x" * 200 + "... (300 characters)"),
    ],
)
def test_a_value_is_one_harmless_line(value: object, expected: str) -> None:
    assert shown(value) == expected


_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_no_hostile_string_keeps_its_effect() -> None:
    for text in hostile_strings():
        for found in (shown(text), shown_lines(text).replace("\n", "")):
            assert not {each for each in found if unicodedata.category(each) in {"Cc", "Cs", "Zl"}}
            assert not {each for each in found if unicodedata.bidirectional(each) in _TURNS}


def test_a_message_keeps_its_lines_and_its_end_and_cuts_what_is_long() -> None:
    assert shown_lines("one\ntwo \x1b[2J") == "one\ntwo \ufffd[2J"
    assert shown_lines("no table " + "x" * 20_000_000 + "; name one").endswith(" name one")
    many = shown_lines("word " * 5_000_000 + "next step")
    assert len(many) < MAX_TEXT_CHARACTERS + 100
    assert many.endswith("next step")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Winter Gala", "Winter Gala"),
        ("  Winter\n\tGala ", "Winter Gala"),
        ("Winter\u200b\u202e Gala\x1b[31m", "Winter Gala [31m"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u200b\n", ""),
        ("\u200d \u200c", ""),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("x" * 200, "x" * (MAX_NAME_CHARACTERS - 1) + "\u2026"),
    ],
)
def test_a_name_is_shown_on_one_line(name: str, line: str) -> None:
    assert on_one_line(name) == line


def test_no_hostile_name_reaches_a_terminal_as_it_is() -> None:
    for name in hostile_strings():
        line = on_one_line(name)
        assert len(line) <= MAX_NAME_CHARACTERS
        seen = "".join(each for each in line if each not in JOINERS)
        assert seen.isprintable()
        assert not any(unicodedata.category(each) in {"Cc", "Cf", "Cs"} for each in seen)
