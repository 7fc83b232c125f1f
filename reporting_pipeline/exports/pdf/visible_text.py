"""Turns any text into markup in which every character is visible and none has an effect.

A character that no bundled font has, or that would be invisible or change the direction of the
text, is shown as its code in a box: `U+202E`. So nothing disappears, and nothing reads as something
else.
"""

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from reporting_pipeline.exports.pdf.fonts import uncovered

# Joiners, direction marks, break opportunities and variation selectors shape the characters beside
# them; fonts need not have them.
_SHAPING = frozenset(map(chr, (0xAD, 0x34F, 0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060)))
_VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_KEPT = _SHAPING | _VARIATION_SELECTORS | {"\n", "\t"}

# Categories that a renderer may leave out although a font has them: controls, embeddings,
# overrides, separators.
_NEVER_PLAIN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# No script puts more marks on one letter; a pile of them would cover the rows above.
_MARKS, _MAX_MARKS = frozenset({"Mn", "Me"}), 3
_PLAIN = re.compile(r"[ -~]*")
_UUID_LENGTH = 36
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


@lru_cache(maxsize=8192)
def text_markup(text: str) -> Markup:
    """The text as markup."""
    if _is_plain_text(text):
        return escape(text)
    text = text.replace("\r\n", "\n")
    has_ink = any(_has_ink(character) for character in text)
    parts = (
        escape(run) if is_plain else _code_box(run)
        for run, is_plain in _split(text, has_ink=has_ink)
    )
    return Markup("").join(parts)


def id_markup(text: str) -> Markup:
    """The markup of a uuid, or several, folded into two lines each: 8-4-4- and 4-12."""
    lines = (
        f"{each[:19]}\n{each[19:]}" if len(each) == _UUID_LENGTH else each
        for each in text.split(" ")
    )
    return escape("\n".join(lines))


def visible_text(text: str) -> str:
    """The text that a reader of the page sees, with codes in place of invisible characters."""
    return text if _is_plain_text(text) else text_markup(text).striptags()


@lru_cache(maxsize=8192)
def is_right_to_left(text: str) -> bool:
    """True if the first letter or mark with a direction runs from right to left."""
    directions = map(unicodedata.bidirectional, visible_text(text))
    first = next((each for each in directions if each in {"L", "R", "AL"}), "L")
    return first in _RIGHT_TO_LEFT


def _is_plain_text(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and not text.isspace()


def _split(text: str, *, has_ink: bool) -> list[tuple[str, bool]]:
    """Runs of plain characters, and each other character alone; with a flag for plain ones."""
    runs: list[tuple[str, bool]] = []
    is_open, marks = False, 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        is_plain = has_ink and _is_plain(character) and marks <= _MAX_MARKS
        if is_plain and is_open:
            runs[-1] = (runs[-1][0] + character, True)
        else:
            runs.append((character, is_plain))
        is_open = is_plain
    return runs


def _is_plain(character: str) -> bool:
    if character in _KEPT:
        return True
    return unicodedata.category(character) not in _NEVER_PLAIN and not uncovered().match(character)


def _has_ink(character: str) -> bool:
    return not character.isspace() and character not in _KEPT


def _code_box(character: str) -> Markup:
    return Markup('<span class="code">U+{:04X}</span>').format(ord(character))
