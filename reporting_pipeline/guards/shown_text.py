"""Text from data, as a terminal, a log and a message may show it.

A name from a source can contain anything: sequences that clear the screen or set its title, marks
that turn the direction of the text, 20 MB. Everything that is printed goes through here: such a
character becomes U+FFFD, and a long text is cut with its length.
"""

import unicodedata
from typing import Final

MAX_VALUE_CHARACTERS: Final = 200
"""The longest value within a message; the rest is cut."""

MAX_TEXT_CHARACTERS: Final = 20_000
"""The longest message; the middle is cut, because the next step is at its end."""

MAX_NAME_CHARACTERS: Final = 80
"""The number of characters of a name that are shown."""

JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Names of many languages need them between letters; alone, nobody sees them."""

_HIDDEN: Final = "\N{REPLACEMENT CHARACTER}"
# Control characters of both sets, lone surrogates, and separators that end a line.
_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks, embeddings, overrides and isolates that turn the direction of what follows, and the byte
# order mark; joiners stay.
_TURNING: Final = frozenset(
    map(chr, (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF))
)
# Characters that a font shows as nothing: tags, and interlinear notes.
_INVISIBLE: Final = frozenset(map(chr, (*range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080))))


def shown(value: object, most: int = MAX_VALUE_CHARACTERS) -> str:
    """A value on one line, without control characters; longer than `most`, it is cut.

    None is empty.
    """
    text = "" if value is None else str(value)
    if len(text) > most:
        text = f"{text[:most]}... ({len(text)} characters)"
    return _neutral(text)


def on_one_line(name: str, most: int = MAX_NAME_CHARACTERS) -> str:
    """A name on one line, shortened if it is long; what a reader cannot see is left out.

    A mark in place of each invisible character would make two names of one.
    """
    visible = "".join(
        each if each.isprintable() or each in JOINERS else " "
        for each in unicodedata.normalize("NFC", name)
        if each in JOINERS or unicodedata.category(each) not in {"Cf", "Cs"}
    )
    # A joiner joins letters: at the end of a word there is nothing to join.
    text = " ".join(filter(None, (each.strip(JOINERS) for each in visible.split())))
    if len(text) <= most:
        return text
    return text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def shown_lines(text: str) -> str:
    """A message of one or several lines, without control characters.

    A value in it that is too long is cut, and so is the middle of a message that is too long.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        head, tail = text[: MAX_TEXT_CHARACTERS - 2_000], text[-2_000:]
        text = f"{head}... ({len(text)} characters) ...{tail}"
    return "\n".join(
        _short_words(_neutral(line)) for line in text.replace("\r\n", "\n").split("\n")
    )


def _neutral(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_HIDDEN if _is_harmful(each) else each for each in text)


def _is_harmful(character: str) -> bool:
    if character in _TURNING or character in _INVISIBLE:
        return True
    return unicodedata.category(character) in _CATEGORIES


def _short_words(line: str) -> str:
    if len(line) <= MAX_VALUE_CHARACTERS:
        return line
    return " ".join(
        each
        if len(each) <= 2 * MAX_VALUE_CHARACTERS
        else f"{each[:MAX_VALUE_CHARACTERS]}... ({len(each)} characters)"
        for each in line.split(" ")
    )
