"""Texts in cells: characters that XML or Excel cannot hold are written as `_xHHHH_`.

Control characters, the carriage return among them, and the two code points that XML lacks become
`_x0007_`; an underscore that would read as the beginning of such a word becomes `_x005F_`. Tab and
line feed stay. This is the format's own rule, so Excel shows the original text.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MAX_UTF16_UNITS = 32_767
"""The longest text of a cell, in UTF-16 code units: a character outside the BMP counts as two."""

_FORBIDDEN = "\x00-\x08\x0b-\x1f\ufffe\uffff"
_ESCAPED = re.compile(f"[{_FORBIDDEN}]|_(?=x[0-9A-Fa-f]{{4}}[_{_FORBIDDEN}])")
_WORD = re.compile("_x([0-9A-Fa-f]{4})_")
# The same in RE2 syntax, a little wider: `escape` looks again at the texts that it finds.
_SUSPECT = r"[\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}"


def escape(text: str) -> str:
    """The text as it is in the file, before XML's own escapes."""
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescape(text: str) -> str:
    """The inverse of `escape`."""
    return _WORD.sub(lambda found: chr(int(found[1], 16)), text)


def xml_texts(texts: "pa.StringArray") -> "pa.StringArray":
    """A column of texts in the form between XML tags; null stays null."""
    from pyarrow import compute as pc

    suspect = pc.match_substring_regex(texts, _SUSPECT)
    if pc.any(suspect).as_py():
        found = [escape(each) for each in texts.filter(suspect).to_pylist()]
        texts = pc.replace_with_mask(texts, pc.fill_null(suspect, False), _array(found))
    if pc.any(pc.match_substring_regex(texts, "[&<>]")).as_py():
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            texts = pc.replace_substring(texts, sign, name)
    return texts


def first_too_long(texts: "pa.StringArray") -> int | None:
    """The index of the first text that no cell can hold; None where all fit."""
    from pyarrow import compute as pc

    longest = pc.max(pc.utf8_length(texts)).as_py()
    if longest is None or longest * 2 <= MAX_UTF16_UNITS:
        return None
    for index, text in enumerate(texts.to_pylist()):
        if text is not None and utf16_units(text) > MAX_UTF16_UNITS:
            return index
    return None


def utf16_units(text: str) -> int:
    """The length of a text in UTF-16 code units, as Excel counts it."""
    return len(text.encode("utf-16-le")) // 2


def _array(texts: list[str]) -> "pa.StringArray":
    import pyarrow as pa

    return pa.array(texts, pa.string())
