"""Text of anybody's making as markup in which every character is seen and none does anything.

A character that no bundled font has, or that would be invisible or turn the text around, stands as
its code in a box: `U+202E`. Nothing vanishes, and nothing reads as what it is not.

What belongs here: one text to markup. What does not: where it stands on the page.
"""

import re
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

from reporting_pipeline.exports.pdf.fonts import uncovered

# Joiners, marks of direction, break opportunities and variation selectors shape what stands beside
# them; fonts need not have them.
_SHAPING = frozenset(map(chr, (0xAD, 0x34F, 0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060)))
_VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_KEPT = _SHAPING | _VARIATION_SELECTORS | {"\n", "\t"}

# What a renderer may leave out though a font has it: controls, embeddings, overrides, separators.
_NEVER_PLAIN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# No script sets more marks over one letter; a pile of them would hide the rows above.
_MARKS, _MOST_MARKS = frozenset({"Mn", "Me"}), 3
_PLAIN = re.compile(r"[ -~]*")
_UUID_LENGTH = 36
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


@lru_cache(maxsize=8192)
def shown(text: str) -> Markup:
    """The text as markup."""
    if _needs_nothing(text):
        return escape(text)
    text = text.replace("\r\n", "\n")
    has_ink = any(_is_visible(character) for character in text)
    parts = (
        escape(run) if is_plain else _code_box(run)
        for run, is_plain in _split(text, has_ink=has_ink)
    )
    return Markup("").join(parts)


def shown_id(text: str) -> Markup:
    """A uuid, or several, on lines of about half of it: 8-4-4- and 4-12."""
    lines = (
        f"{each[:19]}\n{each[19:]}" if len(each) == _UUID_LENGTH else each
        for each in text.split(" ")
    )
    return escape("\n".join(lines))


def visible_text(text: str) -> str:
    """What a reader of the page sees of a text: codes in place of what has no look."""
    return text if _needs_nothing(text) else shown(text).striptags()


@lru_cache(maxsize=8192)
def is_right_to_left(text: str) -> bool:
    """Whether the first letter or mark that has a direction goes from right to left."""
    directions = map(unicodedata.bidirectional, visible_text(text))
    first = next((each for each in directions if each in {"L", "R", "AL"}), "L")
    return first in _RIGHT_TO_LEFT


def _needs_nothing(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and not text.isspace()


def _split(text: str, *, has_ink: bool) -> list[tuple[str, bool]]:
    """Runs of plain characters, and each other character alone: text, and whether it is plain."""
    runs: list[tuple[str, bool]] = []
    is_open, marks = False, 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        is_plain = has_ink and _is_plain(character) and marks <= _MOST_MARKS
        if is_plain and is_open:
            runs[-1] = (runs[-1][0] + character, True)
        else:
            runs.append((character, is_plain))
        is_open = is_plain
    return runs


def _is_plain(character: str) -> bool:
    """Whether the character may stand for itself."""
    if character in _KEPT:
        return True
    return unicodedata.category(character) not in _NEVER_PLAIN and not uncovered().match(character)


def _is_visible(character: str) -> bool:
    return not character.isspace() and character not in _KEPT


def _code_box(character: str) -> Markup:
    return Markup('<span class="code">U+{:04X}</span>').format(ord(character))
