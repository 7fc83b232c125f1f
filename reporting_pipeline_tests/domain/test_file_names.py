"""A file's own name, whatever an organisation or an event is called."""

import os
import unicodedata
from pathlib import Path

import pytest

from reporting_pipeline.domain.file_names import (
    MAX_FILE_NAME_BYTES,
    content_disposition,
    file_stem,
)
from reporting_pipeline_tests.hostile import hostile_strings

DAY = "2026-02-28"
HOSTILE = (
    *hostile_strings(),
    *(
        "..",
        "../../etc/passwd",
        "-rf",
        "~/x",
        "$(id)",
        "`id`",
        "%2e%2e%2f",
        "C:\\x",
        "a|b",
        "\ud800",
    ),
    *("CON", "con.x", "AUX.", "com\u00b9", "lpt1 .txt", "NUL.tar.gz"),
    *("gala\u202egpj.exe", "\uff0fetc\uff0fpasswd", "\u2044", "\u3164", "\ufe0f", "\u200b"),
    *("x" * 300, "\u6f22" * 300, "e\u0301" * 300, "\U0001f389" * 300, "\U00020bb7" * 300),
)


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        (
            ["Lindenhof Konzerte", "Event settlement", "Winter Gala", f"to {DAY}"],
            f"Lindenhof Konzerte - Event settlement - Winter Gala - to {DAY}",
        ),
        (["AC/DC", "C&A: Rock'n'Roll!", DAY], f"AC-DC - C&A- Rock'n'Roll! - {DAY}"),
        (["\u6f22\u5b57", "M\u00fcller", DAY], f"\u6f22\u5b57 - M\u00fcller - {DAY}"),
        (["Mu\u0308ller", DAY], f"M\u00fcller - {DAY}"),
        (["  .-Gala\t\nNight. ", DAY], f"Gala Night - {DAY}"),
        (["\U0001f389 Party", "\u200b", DAY], f"Party - {DAY}"),
        (["CON.x", DAY], f"report CON.x - {DAY}"),
        (["nul"], "report nul"),
        (["com\u00b9"], "report com\u00b9"),
        (["\u202e", "/"], "report"),
    ],
)
def test_a_name_has_the_words_and_nothing_that_means_something_else(
    words: list[str], stem: str
) -> None:
    assert file_stem(words) == stem


def test_long_words_are_shortened_and_the_period_never_is() -> None:
    stem = file_stem(["\u6f22" * 300, "Daily sales", "x" * 5_000_000, DAY])

    assert len(stem.encode()) == MAX_FILE_NAME_BYTES
    assert stem.endswith(f" - {DAY}")
    assert " - Daily sales - x" in stem


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_hostile_name_is_a_file_name_everywhere(place: int, tmp_path: Path) -> None:
    for text in HOSTILE:
        words = ["Lindenhof", "Daily sales", DAY]
        words[place] = text
        stem = file_stem(words)
        name = f"{stem}.csv"
        assert 0 < len(name.encode()) <= MAX_FILE_NAME_BYTES + len(".csv")
        assert not set(stem) & set('/\\:*?"<>|%#$`;~^{}[]')
        assert stem.isprintable()
        assert stem[0].isalnum() or stem[0] == "("
        assert stem[-1] not in " .-_"
        assert unicodedata.is_normalized("NFC", stem)
        assert file_stem([stem]) == stem
        assert os.fsdecode(os.fsencode(name)) == name
        (tmp_path / name).write_text("x", encoding="utf-8")
        assert (tmp_path / name).parent == tmp_path
        header = content_disposition(name)
        assert header.isascii()
        assert header.isprintable()
    assert {each.parent for each in tmp_path.rglob("*")} == {tmp_path}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Gala.pdf", "attachment; filename=\"Gala.pdf\"; filename*=UTF-8''Gala.pdf"),
        (
            "M\u00fcller - \u6f22.pdf",
            'attachment; filename="Muller - _.pdf"; '
            "filename*=UTF-8''M%C3%BCller%20-%20%E6%BC%A2.pdf",
        ),
        (
            'a"b\r\nx: y\\.pdf',
            "attachment; filename=\"a_b__x: y_.pdf\"; filename*=UTF-8''a%22b%0D%0Ax%3A%20y%5C.pdf",
        ),
    ],
)
def test_a_download_has_the_name_in_ascii_and_in_full(name: str, header: str) -> None:
    assert content_disposition(name) == header
