"""Headings that a reader can tell apart: of columns, blocks, terms and lines to sign.

Two headings are the same if they differ only by case, by spaces, by characters that are not seen,
or by the way in which Unicode writes the same letters. A heading begins and ends with a character
that is seen, and contains none that is not. These rules are for files that are applied, not for
definitions that are stored.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.document import InvalidField, quoted

_SEEN_SPACES = frozenset(" \N{IDEOGRAPHIC SPACE}\N{OGHAM SPACE MARK}")
_JOINERS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
_EMOJI_STYLE = "\N{VARIATION SELECTOR-16}"
_KEYCAP = "\N{COMBINING ENCLOSING KEYCAP}"
_BLACK_FLAG = "\N{WAVING BLACK FLAG}"
_TAG = re.compile("[\U000e0020-\U000e007f]")
# Characters without a shape that are no format characters (Cf) to Unicode.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def invalid_headings(config: ReportConfig) -> list[InvalidField]:
    """The headings of a config that a reader cannot tell apart, or that contain unseen characters.

    A column without a label has its name as heading, in files for programs; a label may not be the
    name of another column either.
    """
    faults: list[InvalidField] = []
    for index, part in enumerate(config.parts):
        path = f"blocks[{index}].columns" if config.blocks else "columns"
        faults += _columns(part, path)
    faults += _faults((f"blocks[{i}].title", each.title) for i, each in enumerate(config.blocks))
    faults += _faults((f"terms[{i}].term", each.term) for i, each in enumerate(config.terms))
    faults += _faults((f"signatures[{i}]", each) for i, each in enumerate(config.signatures))
    return faults


def heading_key(text: str) -> str:
    """The same text for headings that a reader cannot tell apart."""
    seen = "".join(
        each
        for each in unicodedata.normalize("NFKC", text)
        if unicodedata.category(each) != "Cf" and not _BLANK.match(each)
    )
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())


def _columns(config: ReportConfig, path: str) -> Iterator[InvalidField]:
    headings = [
        (f"{path}[{i}].{'label' if each.label else 'name'}", each.label or each.name)
        for i, each in enumerate(config.columns)
    ]
    # Of minor units, files for programs have the name, whatever the label says.
    names = {
        heading_key(each.name): f"{path}[{i}].name"
        for i, each in enumerate(config.columns)
        if each.label and each.name.endswith("_minor")
    }
    for index, (field, text) in enumerate(headings):
        other = names.get(heading_key(text))
        if other is not None and other != f"{path}[{index}].name":
            yield InvalidField(field, f"heading {quoted(text)} is the name of another column")
    yield from _faults(headings)


def _faults(headings: Iterable[tuple[str, str]]) -> Iterator[InvalidField]:
    known: dict[str, tuple[str, str]] = {}
    for field, text in headings:
        reason = _unseen(text)
        if reason is not None:
            yield InvalidField(field, f"{quoted(text)} {reason}")
        former = known.setdefault(heading_key(text), (field, text))
        if former[0] != field:
            yield _same(field, text, *former)


def _same(field: str, text: str, former_field: str, former: str) -> InvalidField:
    if text == former:
        list_ = field.rpartition("[")[0]
        return InvalidField(list_, f"heading {quoted(text)} is given twice", item=field)
    reason = (
        f"heading {quoted(text)} looks like {quoted(former)} of {former_field}: they differ only "
        "by case, space or characters that are not seen"
    )
    return InvalidField(field, reason)


def _unseen(text: str) -> str | None:
    if text != text.strip():
        return "begins or ends with space; remove it"
    for index, character in enumerate(text):
        if not _is_seen(text, index, character):
            name = unicodedata.name(character, "a character without a name")
            return f"contains U+{ord(character):04X} {name}, which is not seen; remove it"
    return None


def _is_seen(text: str, index: int, character: str) -> bool:
    """True if a character shows something, or shapes the one before it as scripts and emoji do."""
    if character in _SEEN_SPACES:
        return True
    former, following = text[:index][-1:], text[index + 1 :][:1]
    if character in _JOINERS:  # in Persian or Hindi, and between the parts of an emoji
        return former > "\x7f" and unicodedata.category(former)[0] in "LMS" and following != ""
    if character == _EMOJI_STYLE:
        return unicodedata.category(former or " ")[0] == "S" or following == _KEYCAP
    if _TAG.match(character):  # the flags of regions
        return former == _BLACK_FLAG or _TAG.match(former) is not None
    return unicodedata.category(character) not in {"Cf", "Zs"} and not _BLANK.match(character)
