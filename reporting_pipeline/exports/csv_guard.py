"""The guard of texts in files for spreadsheets: what a program would run stands as text.

A spreadsheet takes a cell for a formula when it begins with one of `= + - @ | %` or a full-width
twin, also behind white space and characters that are not seen. The guard sets an apostrophe before
such a text, and before one that begins with a tab or a line end. It does the same inside a text,
wherever a cell would begin for a program that splits lines at another delimiter than ours or minds
no quotes: after a comma, semicolon, tab or line end.

The guard is exactly invertible. It depends only on a beginning that an apostrophe more does not
change, so that what was guarded is told from what began with an apostrophe before.

What belongs here: texts. What does not: numbers, which are never guarded, and quoting.
"""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

_DANGEROUS: Final = (
    "[-=+@|%\u2212\ufe62\ufe63\ufe66\ufe6a\ufe6b\uff05\uff0b\uff0d\uff1d\uff20\uff5c]"
)
_UNSEEN: Final = (
    "'\x01-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000e0000-\U000e0fff"
)
# One spelling for Python's engine and for Arrow's: literal characters, no classes by name.
_AT_START: Final = f"^(?:[{_UNSEEN}\t\r\n]*{_DANGEROUS}|'*[\t\r\n])"
_INSIDE: Final = f"([,;\t\r\n])([{_UNSEEN}]*{_DANGEROUS})"
_INSIDE_GUARDED: Final = f"([,;\t\r\n])'([{_UNSEEN}]*{_DANGEROUS})"

_at_start = re.compile(_AT_START)
_inside = re.compile(_INSIDE)
_inside_guarded = re.compile(_INSIDE_GUARDED)


def guard(text: str) -> str:
    """The text as a spreadsheet may have it."""
    inner = _inside.sub(r"\1'\2", text)
    return "'" + inner if _at_start.match(text) else inner


def unguard(guarded: str) -> str | None:
    """The text that `guard` made into this one; None for a text that it never makes."""
    inner = guarded[1:] if guarded[:1] == "'" and _at_start.match(guarded[1:]) else guarded
    text = _inside_guarded.sub(r"\1\2", inner)
    return text if guard(text) == guarded else None


def guard_column(texts: "pa.StringArray") -> "pa.StringArray":
    """Each text as `guard` gives it; nulls stay null."""
    import pyarrow.compute as pc

    if pc.any(pc.match_substring_regex(texts, _INSIDE)).as_py():
        texts = pc.replace_substring_regex(texts, _INSIDE, r"\1'\2")
    # What was set inside does not change how a text begins.
    to_guard = pc.match_substring_regex(texts, _AT_START)
    if pc.any(to_guard).as_py():
        texts = pc.if_else(to_guard, pc.binary_join_element_wise("'", texts, ""), texts)
    return texts
