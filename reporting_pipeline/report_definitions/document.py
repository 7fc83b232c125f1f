"""The text of a definition, YAML or JSON, as plain values, and the faults found in it.

Plain values are text, whole numbers, true, false, null, lists and mappings. Text that begins with
`{` or `[` is read as JSON, all other text as YAML. Of YAML only the plain part is read: no anchors,
no tags, one document; only `true` and `false` are truth values, days are text, and a field that is
given twice is refused, as in JSON.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.guards.shown_text import shown

MAX_BYTES = 1024 * 1024

MAX_DEPTH = 20
"""The most levels of lists and mappings; the deepest useful definition has 11."""

TOO_LARGE = "nested too deep or too long"
"""The first words of the reason if a document has too many values or levels."""

_MAX_VALUES = 120_000
_MAX_WHOLE_NUMBER = 2**63 - 1
_MAX_DIGITS = 20
_MAX_LISTED = 100
_MAX_FIELD_CHARACTERS = 120
_MAX_QUOTED_CHARACTERS = 60
_NO_FOLDING = 10_000

_TEXT = "the text"
_BYTE_ORDER_MARKS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
    codecs.BOM_UTF32_BE,
)
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(
    r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}

_Place = tuple[str, object, int]


@dataclass(frozen=True, slots=True)
class InvalidField:
    """A field of a definition that is not valid.

    Attributes:
        field: Its path: `config.columns[2].name`.
        reason: What is wrong, what was found and what is expected.
        item: The path of the item that is wrong, if the field is a list.
        line: Its line in the text, from 1; None if there is no text.
        follows: It is about columns, groups or filters that may only seem to be missing, because
            another of them is not valid.
    """

    field: str
    reason: str
    line: int | None = None
    follows: bool = False
    item: str | None = None

    @property
    def place(self) -> str:
        """The path of the value that is wrong."""
        return self.item or self.field

    def below(self, path: str) -> "InvalidField":
        """The same with `path` in front of its own path."""
        item = None if self.item is None else f"{path}.{self.item}"
        return replace(self, field=f"{path}.{self.field}", item=item)

    def __str__(self) -> str:
        """The field and the reason on one line."""
        field = self.field
        if len(field) > _MAX_FIELD_CHARACTERS:
            field = f"{field[:_MAX_FIELD_CHARACTERS]}..."
        return f"{field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """Takes the place of a value that no definition may contain, as of a field given twice."""

    reason: str


class UnreadableText(ValueError):
    """The text cannot be read; `fault` says where and why."""

    def __init__(self, field: str, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.fault = InvalidField(field, reason, line)


def raise_if_invalid(faults: Sequence[InvalidField], source: str) -> None:
    """Raise an error where there are invalid fields; `source` names the definition.

    Raises:
        DefinitionInvalid: There are; the message lists the first hundred, `facts["problems"]` all.
            With lines of a text each has a line of its own, in their order.
    """
    if not faults:
        return
    listed = [str(fault) for fault in faults[:_MAX_LISTED]]
    rest = [f"and {len(faults) - _MAX_LISTED} more"] if len(faults) > _MAX_LISTED else []
    if all(fault.line is None for fault in faults):
        message = f"{source}: {'; '.join([*listed, *rest])}"
    else:
        places = [
            source if each.line is None else f"{source}, line {each.line}"
            for each in faults[:_MAX_LISTED]
        ]
        lines = [f"{place}: {text}" for place, text in zip(places, listed, strict=True)]
        message = "\n".join([*lines, *(f"{source}: {each}" for each in rest)])
    raise DefinitionInvalid(message, problems=tuple(faults))


def quoted(value: object) -> str:
    """A value as messages show it: on one line, cut, with codes for invisible characters only."""
    return shown(repr(value), _MAX_QUOTED_CHARACTERS)


def quoted_name(name: str) -> str:
    """A name as messages show it; names are ASCII, so a letter that only looks like it is named."""
    for character in name[:_MAX_QUOTED_CHARACTERS]:
        if not character.isascii():
            described = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
            return f"{quoted(name)} (with {described})"
    return quoted(name)


def read_text(document: str | bytes) -> object:
    """The plain values of a text, with InvalidValue in place of those that cannot be kept.

    Raises:
        UnreadableText: The text is too large, not UTF-8, malformed, or nested too deep.
    """
    text = decoded(document)
    if text.lstrip()[:1] in {"{", "["}:
        return _from_json(text)
    return _from_yaml(text)


def yaml_text(tree: Mapping[str, object]) -> str:
    """Plain values as YAML that `read_text` reads as the same; fields keep their order."""
    text: str = yaml.dump(
        tree,
        Dumper=_Writer,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=_NO_FOLDING,
    )
    return text


def invalid_values(tree: object) -> list[InvalidField]:
    """Every value of the tree that is not plain, with its path; stops below MAX_DEPTH."""
    faults: list[InvalidField] = []
    pending: list[_Place] = [("", tree, 0)]
    count = 0
    while pending:
        path, value, depth = pending.pop()
        count += 1
        if depth > MAX_DEPTH or count > _MAX_VALUES:
            limit = f"{MAX_DEPTH} levels deep" if depth > MAX_DEPTH else f"{_MAX_VALUES} values"
            return [InvalidField(path, f"{TOO_LARGE}; at most {limit}")]
        reason = value_fault(value)
        if reason is not None:
            faults.append(InvalidField(path or _TEXT, reason))
        pending.extend(reversed(list(_children(path, value, depth + 1))))
    return faults


def text_fault(text: str) -> str | None:
    """The reason why a definition cannot contain the text; None where it can."""
    for character in text:
        if unicodedata.category(character) in _CONTROL_CATEGORIES:
            return f"contains the control character U+{ord(character):04X}; remove it"
    return None


def value_fault(value: object) -> str | None:
    """The reason why a definition cannot contain the value itself; None where it can."""
    match value:
        case None | bool() | Mapping() | list() | tuple():
            return None
        case InvalidValue():
            return value.reason
        case str():
            return text_fault(value)
        case int():
            fits = -_MAX_WHOLE_NUMBER <= value <= _MAX_WHOLE_NUMBER
            return None if fits else "a whole number beyond 64 bits"
        case float():
            return _not_whole(repr(value))
        case _:
            return f"a value of type {type(value).__name__}, which a definition cannot contain"


def _not_whole(number: str) -> str:
    return f"{quoted(number)} is not a whole number; write a share with decimals as text, '0.25'"


def _children(path: str, value: object, depth: int) -> Iterator[_Place]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                yield f"{path}.{key!r}", InvalidValue("the name of a field must be text"), depth
            elif (reason := text_fault(key)) is not None:
                yield f"{path}.{quoted(key)}", InvalidValue(f"its name {reason}"), depth
            else:
                yield (f"{path}.{key}" if path else key), child, depth
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield f"{path}[{index}]", child, depth


def decoded(document: str | bytes) -> str:
    """The text of a file.

    Raises:
        UnreadableText: It is too large, or not UTF-8.
    """
    try:
        data = document if isinstance(document, bytes) else document.encode()
        if len(data) > MAX_BYTES:
            raise UnreadableText(_TEXT, f"{len(data)} bytes; a definition has at most {MAX_BYTES}")
        if data.startswith(_BYTE_ORDER_MARKS):
            reason = "begins with a byte order mark; save it as UTF-8 without one"
            raise UnreadableText(_TEXT, reason)
        if b"\0" in data:
            reason = "contains the character NUL; save it as UTF-8, not as UTF-16"
            raise UnreadableText(_TEXT, reason)
        return data.decode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise UnreadableText(_TEXT, f"not UTF-8: {error.reason} at {error.start}") from error


def _from_json(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_mapping,
            parse_int=_whole_number,
            parse_float=lambda digits: InvalidValue(_not_whole(digits)),
            parse_constant=lambda word: InvalidValue(_not_whole(word)),
        )
    except RecursionError as error:
        raise UnreadableText(_TEXT, f"nested more than {MAX_DEPTH} levels deep") from error
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} in column {error.colno}"
        raise UnreadableText(_TEXT, message, error.lineno) from error


def _mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        found[name] = InvalidValue("is given twice") if name in found else value
    return found


def _whole_number(digits: str) -> object:
    return int(digits) if len(digits) <= _MAX_DIGITS else InvalidValue("a number beyond 64 bits")


def _from_yaml(text: str) -> object:
    builder = _YamlTree()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        column, line = ("", None) if mark is None else (f" in column {mark.column + 1}", mark.line)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
        message = f"not YAML: {reason}{column}"
        raise UnreadableText(_TEXT, message, None if line is None else line + 1) from error
    return builder.root


class _YamlTree:
    """Builds the values from YAML's events, without recursion: text may nest without limit."""

    def __init__(self) -> None:
        self.root: object = None
        self._open: list[dict[str, object] | list[object]] = []
        self._names: list[str | None] = []
        self._document_count = 0

    def take(self, event: yaml.Event) -> None:
        """Add the next event of the text."""
        match event:
            case yaml.DocumentStartEvent():
                self._document_count += 1
                if self._document_count > 1:
                    reason = "contains several documents; write one definition per file"
                    raise UnreadableText(_TEXT, reason, _line_of(event))
            case yaml.AliasEvent():
                reason = f"refers to the anchor {quoted(event.anchor)}; write the value instead"
                if self._expects_name():
                    raise UnreadableText(_TEXT, reason, _line_of(event))
                self._put(InvalidValue(reason))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._names.pop()
            case yaml.ScalarEvent():
                self._scalar(event)
            case _:
                pass

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        reason = _tag_fault(event)
        if reason is not None:
            raise UnreadableText(_TEXT, reason, _line_of(event))
        container: dict[str, object] | list[object] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        if self._expects_name():
            reason = "the name of a field is a list or a mapping; it must be text"
            raise UnreadableText(_TEXT, reason, _line_of(event))
        self._put(container)
        self._open.append(container)
        self._names.append(None)
        if len(self._open) > MAX_DEPTH:
            reason = f"nested more than {MAX_DEPTH} levels deep"
            raise UnreadableText(self._path(), reason, _line_of(event))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        reason = _tag_fault(event)
        if self._expects_name():
            if reason is not None:
                raise UnreadableText(_TEXT, reason, _line_of(event))
            self._names[-1] = event.value
        elif reason is not None:
            self._put(InvalidValue(reason))
        else:
            self._put(_plain(event.value) if event.implicit[0] else event.value)

    def _expects_name(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._names[-1] is None

    def _put(self, value: object) -> None:
        if not self._open:
            self.root = value
            return
        container = self._open[-1]
        if isinstance(container, list):
            container.append(value)
            return
        name = self._names[-1] or ""
        container[name] = InvalidValue("is given twice") if name in container else value
        self._names[-1] = None

    def _path(self) -> str:
        # A name is dropped when its value begins, but it is the last field of its container.
        parts = [
            f"[{len(each) - 1}]" if isinstance(each, list) else f".{next(reversed(each))}"
            for each in self._open[:-1]
        ]
        return "".join(parts).removeprefix(".")


def _tag_fault(event: yaml.NodeEvent) -> str | None:
    if event.anchor is not None:
        return f"sets the anchor {quoted(event.anchor)}; anchors are not allowed"
    if event.tag is not None:
        return f"contains the tag {quoted(event.tag)}; tags are not allowed"
    return None


def _line_of(event: yaml.Event) -> int:
    line: int = event.start_mark.line + 1
    return line


def _plain(text: str) -> object:
    """The value of a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return _whole_number(text)
    if _DECIMAL.fullmatch(text):
        return InvalidValue(_not_whole(text))
    return text


class _Writer(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Quotes every text that would be read as another value."""


def _text_node(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None if _plain(text) == text else "'"
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text_node)
