"""Whether a text that was read from a page is the one that is to stand there.

What belongs here: comparing letters. What does not: reading pages (`page_cells`), which text is to
stand where (`page_rows`).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
# Where text runs from right to left, the one is drawn by the glyph of the other.
_AS_OPENING = str.maketrans(")]}>", "([{<")
# ASCII, and the spaces and apostrophes that part a locale's figures.
_PLAIN_TEXT = re.compile("[\\x00-\\x7f\\s\u00b7\u2019]*")
# One sign, whose font tells no digit.
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_DIGIT, _PLAIN = re.compile("[0-9]").match, re.compile("[0-9A-Za-z]").match
_LEAST_DOUBT = 4


def letters_of(text: str) -> str:
    """What can be seen of a text: no spaces, no invisible characters, compatible forms as one."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(each for each in plain if unicodedata.category(each) not in _UNSEEN)


def is_shown(wanted: str, found: str) -> bool:
    """Whether the text that was found is the wanted one, as far as fonts can tell.

    Text of ASCII, and any figure, is there sign by sign. In any other, digits are there in order,
    and so are letters of ASCII if no letter bears marks; where something runs from right to left,
    the order is another one. Of all its letters three in four must be there, or all but a few:
    scripts have signs that are made of several letters, and a font knows one meaning of each sign.
    """
    expected, actual = (
        letters_of(_KEYCAP.sub("", each)).translate(_AS_OPENING) for each in (wanted, found)
    )
    if expected == actual or _PLAIN_TEXT.fullmatch(wanted):
        return expected == actual
    has_marks = any(map(unicodedata.combining, expected))
    sure = [list(filter(_DIGIT if has_marks else _PLAIN, each)) for each in (expected, actual)]
    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in wanted):
        sure = list(map(sorted, sure))
    letters = [Counter(filter(str.isalnum, each)) for each in (expected, actual)]
    differing = (letters[0] - letters[1]) + (letters[1] - letters[0])
    return sure[0] == sure[1] and differing.total() <= max(_LEAST_DOUBT, len(expected) // 4)


def missing_text(shown: str, wanted: Iterable[str]) -> str | None:
    """The first of some texts that is not among what is shown; only texts of ASCII are compared."""
    letters = letters_of(shown)
    return next(
        (each for each in wanted if each.isascii() and letters_of(each) not in letters), None
    )
