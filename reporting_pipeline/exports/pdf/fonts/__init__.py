"""The bundled fonts, in which every page is set on every machine; others are never used.

What belongs here: the list of fonts, their coverage and their widths. What does not: making them
(`build`), and the box for a character that no font has (`pdf.visible_text`).
"""

import hashlib
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

# In the order in which a character's font is searched. Latin, Greek and Cyrillic come first: they
# also have the digits and signs of all other scripts.
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

_DIGEST_LENGTH = 12
FIRST_ASCII, LAST_ASCII = 0x20, 0x7E

# Hinting fits letters to the pixels of a screen: widths would depend on the machine's libraries.
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
    """A Fontconfig configuration with the bundled fonts and no others."""
    return _FONTCONFIG.format(
        fonts=escape(str(FONT_FOLDER)), cache=escape(str(cache_folder)), emoji=EMOJI
    )


def font_file(name: str) -> Path:
    """The file of a font by its name in a PDF, `Noto-Sans-Bold`.

    Raises:
        KeyError: No bundled font has that name.
    """
    return _font_files()[_key(name)]


@cache
def fonts_digest() -> str:
    """The first digits of the SHA-256 of the names and bytes of all bundled fonts."""
    digest = hashlib.sha256()
    for path in sorted(FONT_FOLDER.glob("*.[ot]tf")):
        digest.update(f"{path.name}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:_DIGEST_LENGTH]


@cache
def uncovered() -> re.Pattern[str]:
    """A pattern that matches a character that no bundled font has."""
    ranges = (f"{_escaped(first)}-{_escaped(last)}" for first, last in _coverage()["ranges"])
    return re.compile(f"[^{''.join(ranges)}]")


@cache
def ascii_widths(family: str) -> tuple[int, ...]:
    """The widths of U+0020 to U+007E in `SANS` or `MONOSPACE`, in thousandths of the type size."""
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
