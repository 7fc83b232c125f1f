"""The fonts that every page is set in, on every machine; the machine's own are never used.

What belongs here: which there are, what they cover, how wide they are. What does not: making them
(`build`), and what is shown for a character that none of them has (`pdf.visible`).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import TypedDict
from xml.sax.saxutils import escape

FONT_FOLDER = Path(__file__).parent

SANS = "Noto Sans"
MONOSPACE = "Noto Sans Mono"
EMOJI = "Noto Emoji"
CJK = "Noto Sans CJK JP"

# In the order in which a character's font is looked for. Latin, Greek and Cyrillic come first: the
# digits and signs of all other scripts come from there too.
FAMILIES = (
    SANS,
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Kannada",
    "Noto Sans Malayalam",
    "Noto Sans Gujarati",
    "Noto Sans Gurmukhi",
    "Noto Sans Oriya",
    "Noto Sans Sinhala",
    "Noto Sans Lao",
    "Noto Sans Khmer",
    "Noto Sans Myanmar",
    "Noto Serif Tibetan",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
    "Noto Sans Ethiopic",
    "Noto Sans Thaana",
    "Noto Sans Tifinagh",
    "Noto Sans Cherokee",
    CJK,
    EMOJI,
    "Noto Sans Symbols",
    "Noto Sans Symbols2",
    "Noto Sans Math",
)

FIRST_ASCII, LAST_ASCII = 0x20, 0x7E

# Hinting fits letters to a screen's dots: it would make widths depend on the machine's libraries.
_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern"><edit name="hinting" mode="assign"><bool>false</bool></edit></match>
  <alias binding="same">
    <family>emoji</family><prefer><family>{emoji}</family></prefer>
  </alias>
</fontconfig>
"""


class _Coverage(TypedDict):
    ranges: list[tuple[int, int]]
    ascii_widths: dict[str, list[int]]


def fontconfig_text(cache_folder: Path) -> str:
    """A configuration of Fontconfig that knows the bundled fonts and no others."""
    return _FONTCONFIG.format(
        fonts=escape(str(FONT_FOLDER)), cache=escape(str(cache_folder)), emoji=EMOJI
    )


def font_file(name: str) -> Path:
    """The file of a font by its name in a PDF, as `Noto-Sans-Bold`.

    Raises:
        KeyError: There is none.
    """
    return _font_files()[_key(name)]


@cache
def uncovered() -> re.Pattern[str]:
    """Finds a character that no bundled font has."""
    ranges = (f"{_escaped(first)}-{_escaped(last)}" for first, last in _coverage()["ranges"])
    return re.compile(f"[^{''.join(ranges)}]")


@cache
def ascii_widths(family: str) -> tuple[int, ...]:
    """Widths of U+0020 to U+007E in thousandths of the font's size, of `SANS` or `MONOSPACE`."""
    return tuple(_coverage()["ascii_widths"][family])


@cache
def _coverage() -> _Coverage:
    coverage: _Coverage = json.loads((FONT_FOLDER / "coverage.json").read_text("utf-8"))
    return coverage


@cache
def _font_files() -> dict[str, Path]:
    return {_key(path.stem): path for path in FONT_FOLDER.glob("*.[ot]tf")}


def _key(name: str) -> str:
    return name.removesuffix("-Regular").replace("-", "").lower()


def _escaped(point: int) -> str:
    return f"\\U{point:08x}"
