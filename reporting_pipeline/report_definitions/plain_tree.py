"""The values that a definition is made of: text, whole numbers, true, false, null, lists, mappings.

What belongs here: what any document may hold, whatever it says. What does not: reading text
(`document_text`), and what the fields mean (`config`).
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporting_pipeline.report_definitions.problems import Problem, shown

MAX_DEPTH = 20
"""How deep lists and mappings may nest; the deepest definition that means something has 11."""

_MAX_VALUES = 120_000
_MAX_WHOLE_NUMBER = 2**63 - 1
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

_Place = tuple[str, object, int]


@dataclass(frozen=True, slots=True)
class Unusable:
    """Stands in a tree where the text holds what no definition may: a field that stands twice."""

    reason: str


def tree_problems(tree: object) -> list[Problem]:
    """What in the tree is no plain value, with its path; looks no deeper than MAX_DEPTH."""
    problems: list[Problem] = []
    pending: list[_Place] = [("", tree, 0)]
    count = 0
    while pending:
        path, value, depth = pending.pop()
        count += 1
        if depth > MAX_DEPTH or count > _MAX_VALUES:
            limit = f"{MAX_DEPTH} levels deep" if depth > MAX_DEPTH else f"{_MAX_VALUES} values"
            return [Problem(path, f"nested or long beyond any use; at most {limit}")]
        reason = _reason(value)
        if reason is not None:
            problems.append(Problem(path or "the text", reason))
        pending.extend(reversed(list(_children(path, value, depth + 1))))
    return problems


def text_reason(text: str) -> str | None:
    """Why a text cannot stand in a definition; None where it can."""
    for character in text:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            return f"holds the control character U+{ord(character):04X}; take it out"
    return None


def _reason(value: object) -> str | None:
    match value:
        case None | bool() | Mapping() | list() | tuple():
            return None
        case Unusable():
            return value.reason
        case str():
            return text_reason(value)
        case int():
            is_held = -_MAX_WHOLE_NUMBER <= value <= _MAX_WHOLE_NUMBER
            return None if is_held else "a whole number beyond 64 bits"
        case float():
            return number_reason(repr(value))
        case _:
            return f"a value of type {type(value).__name__}, which no definition holds"


def number_reason(text: str) -> str:
    """Why a number that is not whole is refused."""
    return (
        f"{shown(text)} is no whole number; write a number with decimals as text, '0.25', "
        "where the column holds shares"
    )


def _children(path: str, value: object, depth: int) -> Iterator[_Place]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                yield f"{path}.{key!r}", Unusable("a field is named by text"), depth
            elif (reason := text_reason(key)) is not None:
                yield f"{path}.{shown(key)}", Unusable(f"its name {reason}"), depth
            else:
                yield (f"{path}.{key}" if path else key), child, depth
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield f"{path}[{index}]", child, depth
