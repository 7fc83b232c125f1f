"""Makes the bundled fonts from the full ones; run by hand when the fonts should change.

    python -m reporting_pipeline.exports.pdf.fonts.build NOTO_CORE NOTO_CJK NOTO_EMOJI

The three arguments are the folders of the packages in README.md. Every font keeps its shaping rules
and loses its hints, which paper does not need.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reporting_pipeline.exports.pdf.fonts import (
    CJK,
    EMOJI,
    FAMILIES,
    FIRST_ASCII,
    FONT_FOLDER,
    LAST_ASCII,
    MONOSPACE,
    SANS,
)

_CJK_FILE = "NotoSansCJK-Regular.ttc"
# The national standards of everyday text; all hangul syllables are included, see below.
_CJK_CODECS = ("euc_jp", "gb2312", "euc_kr", "big5")
_CJK_RANGES = (
    range(0x1100, 0x1200),  # jamo
    range(0x3000, 0x3400),  # kana, bopomofo, enclosed and squared characters
    range(0xAC00, 0xD7A4),  # every hangul syllable
    range(0xFF00, 0xFFF0),  # full and half width
)
_BOLD = "NotoSans-Bold.ttf"
_LAST_LATIN = 0x2FF
# A space between two letters comes from their font.
_SPACES = frozenset({0x20, 0xA0})
_ASCII = range(FIRST_ASCII, LAST_ASCII + 1)


def build(noto_core: Path, noto_cjk: Path, noto_emoji: Path) -> None:
    """Write all fonts and `coverage.json` beside this module."""
    for family in FAMILIES:
        if family == CJK:
            _subset(noto_cjk / _CJK_FILE, FONT_FOLDER / "NotoSansCJKjp-Regular.otf", _cjk())
        elif family == EMOJI:
            _subset(noto_emoji, FONT_FOLDER / "NotoEmoji-Regular.ttf")
        else:
            name = _file_name(family)
            _subset(noto_core / name, FONT_FOLDER / name)
    _subset(noto_core / _BOLD, FONT_FOLDER / _BOLD)
    name = _file_name(MONOSPACE)
    _subset(noto_core / name, FONT_FOLDER / name, set(_ASCII))
    (FONT_FOLDER / "coverage.json").write_text(json.dumps(coverage()) + "\n", "utf-8")


def coverage() -> dict[str, Any]:
    """The code points of the bundled fonts, as ranges with both ends, and the widths of ASCII.

    Widths are in thousandths of the type size, for the regular sans serif and monospace fonts.
    """
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    points: set[int] = set()
    widths = {}
    measured = {_file_name(family): family for family in (SANS, MONOSPACE)}
    for path in sorted(FONT_FOLDER.glob("*-Regular.[ot]tf")):
        with TTFont(path) as font:
            cmap, per_em = font.getBestCmap(), font["head"].unitsPerEm
            if path.name in measured:
                advances = font["hmtx"]
                widths[measured[path.name]] = [
                    advances[cmap[point]][0] * 1000 // per_em for point in _ASCII
                ]
            points.update(cmap)
    return {"ranges": list(_ranges(points)), "ascii_widths": widths}


def _subset(source: Path, target: Path, points: set[int] | None = None) -> None:
    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont

    options = subset.Options(
        hinting=False,
        glyph_names=False,
        notdef_outline=True,
        layout_features=["*"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        recalc_timestamp=False,
    )
    # No text is set vertically.
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG", "gasp"]
    if source.name == _CJK_FILE:
        # Japanese forms, and simplified Chinese forms for reports in that language.
        options.layout_features = ["locl"]
        options.layout_scripts = ["hani.dflt", "hani.ZHS ", "DFLT.dflt"]
    font = TTFont(source, fontNumber=0, recalcTimestamp=False)
    font.flavor = None
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=set(font.getBestCmap()) if points is None else points)
    subsetter.subset(font)
    font.save(target)


def _file_name(family: str) -> str:
    return f"{family.replace(' ', '')}-Regular.ttf"


def _cjk() -> set[int]:
    points = {point for each in _CJK_RANGES for point in each}
    for codec in _CJK_CODECS:
        points |= {ord(text) for text in _two_byte_characters(codec)}
    return {point for point in points if point > _LAST_LATIN} | _SPACES


def _two_byte_characters(codec: str) -> Iterable[str]:
    for first in range(0x81, 0xFF):
        for second in range(0x40, 0xFF):
            text = bytes((first, second)).decode(codec, errors="ignore")
            if len(text) == 1:
                yield text


def _ranges(points: Iterable[int]) -> Iterable[tuple[int, int]]:
    first = last = -1
    for point in sorted(points):
        if point == last + 1 and first >= 0:
            last = point
            continue
        if first >= 0:
            yield first, last
        first = last = point
    yield first, last


if __name__ == "__main__":
    build(*map(Path, sys.argv[1:]))
