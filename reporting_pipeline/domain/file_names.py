"""A file's own name: words that people know, safe on every file system, in URLs and in headers.

    Lindenhof Konzerte - Event settlement - Winter Gala - to 2026-02-28.pdf

The words come from the sources and may have any characters. Letters, marks and digits of every
script stay, with a few signs that mean nothing to a shell, a URL or a file system.
"""

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import quote

MAX_FILE_NAME_BYTES = 200
"""The length of a name with its suffix, in UTF-8. File systems take 255 bytes; the manifest beside
a file, or a second download of it, has a longer name."""

_SEPARATOR = " - "
_SIGNS = frozenset(" -_.,()&+'!@=")
_MIN_PART_CHARACTERS = 8
_MAX_READ_CHARACTERS = 1_000
# Letters and marks that no reader sees, such as selectors of a variant and fillers of Hangul.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Windows reserves these names, with any suffix.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])", re.IGNORECASE)


def file_stem(words: Sequence[str], max_bytes: int = MAX_FILE_NAME_BYTES) -> str:
    """The words as the name of a file without its suffix; the longest are shortened if needed.

    Args:
        words: What the file is about, the most general first; the last one is never shortened.
        max_bytes: The length of the name in UTF-8.
    """
    parts = [part for part in map(safe_words, words) if part] or ["report"]
    while len(_SEPARATOR.join(parts).encode()) > max_bytes:
        free = range(max(len(parts) - 1, 1))
        longest = max(free, key=lambda index: len(parts[index].encode()))
        if len(parts[longest]) <= _MIN_PART_CHARACTERS:
            parts = parts[1:]
            continue
        parts[longest] = _trimmed(parts[longest][:-1])
    stem = _SEPARATOR.join(parts)
    is_device = _DEVICE.fullmatch(unicodedata.normalize("NFKC", stem.partition(".")[0]).strip())
    return f"report {stem}" if is_device else stem


def safe_words(text: str) -> str:
    """A text without characters that a file system, a shell or a URL reads in its own way."""
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", text[:_MAX_READ_CHARACTERS]))
    return _trimmed(" ".join("".join(map(_safe, visible)).split()))


def content_disposition(file_name: str) -> str:
    """The header that gives a download its name, as RFC 6266 says: in ASCII, then in UTF-8."""
    plain = unicodedata.normalize("NFKD", file_name)
    ascii_name = "".join(each for each in plain if not unicodedata.combining(each))
    fallback = re.sub(r"[^ -~]|[\"\\]", "_", ascii_name)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def _safe(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "C" and character not in "\t\n\r\v\f\x85":
        return ""
    if category[0] in "CZ":
        return " "
    if character in _SIGNS or (category[0] in "LMN" and _is_itself(character)):
        return character
    return "-"


def _is_itself(character: str) -> bool:
    """True if a program that simplifies the character keeps a letter: U+2048 becomes `?!`."""
    simplified = unicodedata.normalize("NFKC", character)
    return all(each in _SIGNS or unicodedata.category(each)[0] in "LMN" for each in simplified)


def _trimmed(text: str) -> str:
    """A part that begins with a letter or digit, and ends with none of the signs of a suffix."""
    first = next((n for n, each in enumerate(text) if unicodedata.category(each)[0] in "LN"), None)
    return "" if first is None else _opened(text, first).rstrip(" -_.,(&+'@=")


def _opened(text: str, first: int) -> str:
    return text[first - 1 :] if first and text[first - 1] == "(" else text[first:]
