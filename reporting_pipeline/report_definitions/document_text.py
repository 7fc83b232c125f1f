"""The text of a definition, YAML or JSON, as a tree of plain values.

Text that begins with `{` or `[` is read as JSON, all other text as YAML. Of YAML we read what is
plain: no anchors, no tags, one document; only `true` and `false` are truth values, days are text,
and a field that stands twice is refused, as in JSON.

What belongs here: reading text, and writing what reads the same. What does not: what a definition
says (`parse`).
"""

import codecs
import json
import re
from collections.abc import Mapping

import yaml

from reporting_pipeline.report_definitions.plain_tree import MAX_DEPTH, Unusable, number_reason
from reporting_pipeline.report_definitions.problems import Problem, shown

MAX_BYTES = 1024 * 1024

_TEXT = "the text"
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_WHOLE = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_DECIMAL = re.compile(
    r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
)
_MAX_DIGITS = 20
_NO_FOLDING = 10_000
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}


class Unreadable(ValueError):
    """The text is none that can be read; its one problem says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(field, reason)


def read_text(document: str | bytes) -> object:
    """The tree that a text stands for; what no tree can hold stands there as Unusable.

    Raises:
        Unreadable: The text is too large, of another encoding, malformed, or nested too deep.
    """
    text = _decoded(document)
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


def _decoded(document: str | bytes) -> str:
    try:
        data = document if isinstance(document, bytes) else document.encode()
        if len(data) > MAX_BYTES:
            raise Unreadable(_TEXT, f"{len(data)} bytes; a definition has at most {MAX_BYTES}")
        if data.startswith(_MARKS):
            raise Unreadable(_TEXT, "begins with a byte order mark; save it as UTF-8 without one")
        if b"\0" in data:
            raise Unreadable(_TEXT, "holds the character NUL; save it as UTF-8, not as UTF-16")
        return data.decode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise Unreadable(_TEXT, f"not UTF-8: {error.reason} at {error.start}") from error


def _from_json(text: str) -> object:
    try:
        return json.loads(
            text,
            object_pairs_hook=_mapping,
            parse_int=_whole_number,
            parse_float=lambda digits: Unusable(number_reason(digits)),
            parse_constant=lambda word: Unusable(number_reason(word)),
        )
    except RecursionError as error:
        raise Unreadable(_TEXT, f"nested more than {MAX_DEPTH} levels deep") from error
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        raise Unreadable(_TEXT, message) from error


def _mapping(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        found[name] = Unusable("stands twice") if name in found else value
    return found


def _whole_number(digits: str) -> object:
    return int(digits) if len(digits) <= _MAX_DIGITS else Unusable("a number beyond 64 bits")


def _from_yaml(text: str) -> object:
    builder = _YamlTree()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" in line {mark.line + 1}, column {mark.column + 1}"
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
        raise Unreadable(_TEXT, f"not YAML: {reason}{place}") from error
    return builder.root


class _YamlTree:
    """Builds the tree from YAML's events, so that its depth never becomes the depth of calls."""

    def __init__(self) -> None:
        self.root: object = None
        self._open: list[dict[str, object] | list[object]] = []
        self._names: list[str | None] = []
        self._document_count = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the text."""
        match event:
            case yaml.DocumentStartEvent():
                self._document_count += 1
                if self._document_count > 1:
                    raise Unreadable(
                        _TEXT, "holds several documents; write one definition per file"
                    )
            case yaml.AliasEvent():
                raise Unreadable(_TEXT, f"refers to the anchor {shown(event.anchor)}; write it out")
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
        _refuse_tag(event)
        container: dict[str, object] | list[object] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        if self._expects_name():
            raise Unreadable(_TEXT, "a field is named by a list or a mapping; a name is text")
        self._put(container)
        self._open.append(container)
        self._names.append(None)
        if len(self._open) > MAX_DEPTH:
            raise Unreadable(self._path(), f"nested more than {MAX_DEPTH} levels deep")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        _refuse_tag(event)
        if self._expects_name():
            self._names[-1] = event.value
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
        container[name] = Unusable("stands twice") if name in container else value
        self._names[-1] = None

    def _path(self) -> str:
        # A name is forgotten once its value began; the containers' sizes and last fields tell it.
        parts = [
            f"[{len(each) - 1}]" if isinstance(each, list) else f".{next(reversed(each))}"
            for each in self._open[:-1]
        ]
        return "".join(parts).removeprefix(".")


def _refuse_tag(event: yaml.NodeEvent) -> None:
    if event.anchor is not None:
        raise Unreadable(_TEXT, f"sets the anchor {shown(event.anchor)}; anchors are not read")
    if event.tag is not None:
        raise Unreadable(_TEXT, f"holds the tag {shown(event.tag)}; tags are not read")


def _plain(text: str) -> object:
    """The value of a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return _whole_number(text)
    if _DECIMAL.fullmatch(text):
        return Unusable(number_reason(text))
    return text


class _Writer(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Quotes every text that would not be read as itself."""


def _text_node(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None if _plain(text) == text else "'"
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text_node)
