"""The fonts of finished pages: their names, and the letters that readers find for their glyphs.

What belongs here: font objects of a file. What does not: which fonts there are (`fonts`), pages.
"""

import hashlib
import re
import string
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from reporting_pipeline.exports.pdf.fonts import font_file

_CODE = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]*)>(?=\n)")
_DIGIT = re.compile("[0-9]")
_NAMELESS = b"> <>"
_TAG_LETTERS = 6


def name_digits(pdf: Any) -> None:
    """Let a digit be read from its own glyph, and not again from a sign that it is a part of.

    Of a sign that is made of several glyphs, one is read as the whole sign and the others as
    nothing, here and wherever else they stand: digits would be lost to who searches or listens.
    """
    for font in _fonts(pdf):
        codes = font.ToUnicode.read_bytes()
        if _NAMELESS in codes:
            digits = _digits_of_glyphs(_family(font))
            font.ToUnicode.write(_CODE.sub(partial(_named, digits), codes))


def tell_fonts_apart(pdf: Any) -> None:
    """Name each font after its glyphs: pieces have fonts of one name that hold different ones.

    Those that hold the same become one.
    """
    import pikepdf

    files: dict[bytes, Any] = {}
    for font in _fonts(pdf):
        descendant = font.DescendantFonts[0]
        descriptor = descendant.FontDescriptor
        key = "/FontFile2" if "/FontFile2" in descriptor else "/FontFile3"
        digest = hashlib.sha256(descriptor[key].read_bytes()).digest()
        descriptor[key] = files.setdefault(digest, descriptor[key])
        letters = "".join(chr(65 + each % 26) for each in digest[:_TAG_LETTERS])
        name = pikepdf.Name(f"/{letters}+{_family(font)}")
        font.BaseFont = descendant.BaseFont = descriptor.FontName = name


def _fonts(pdf: Any) -> Iterator[Any]:
    import pikepdf

    for each in pdf.objects:
        is_font = isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"
        if is_font and "/DescendantFonts" in each:
            yield each


def _family(font: Any) -> str:
    return str(font.BaseFont).partition("+")[2]


def _named(digits: Mapping[int, str], code: re.Match[bytes]) -> bytes:
    glyph, text = code.groups()
    letters = bytes.fromhex(text.decode()).decode("utf-16-be")
    of_sign = letters if len(letters) == 1 else _DIGIT.sub("", letters)
    named = digits.get(int(glyph, 16), of_sign)
    return b"<%s> <%s>" % (glyph, named.encode("utf-16-be").hex().encode())


@cache
def _digits_of_glyphs(family: str) -> Mapping[int, str]:
    """The digit of each glyph of a bundled font that stands for one."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(font_file(family), lazy=True) as font:
        names = font.getBestCmap()
        digits = [each for each in string.digits if ord(each) in names]
        return {font.getGlyphID(names[ord(each)]): each for each in digits}
