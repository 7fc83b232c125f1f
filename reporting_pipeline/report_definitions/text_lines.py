"""The lines of a definition's text: where each field of a file begins, for messages.

The paths are those of `InvalidField`: `config.columns[2].name`. A field of a mapping begins with
its name, an item of a list with its value. Of a field that is given twice the last one counts.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:\n]|[^\s\[\]{},:"]+', re.DOTALL)


@dataclass(slots=True)
class TextLines:
    """The lines of a text by the paths of its fields."""

    by_path: dict[str, int]

    @classmethod
    def of(cls, text: str) -> "TextLines":
        """The lines of a text that `read_text` has read."""
        is_json = text.lstrip()[:1] in {"{", "["}
        builder = _Builder()
        for part, line in _of_json(text) if is_json else _of_yaml(text):
            builder.take(part, line)
        return cls(builder.lines)

    def line(self, path: str) -> int:
        """The line of a field, or of the nearest field around it that the text has."""
        while path and path not in self.by_path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.by_path.get(path, 1)


@dataclass(slots=True)
class _Builder:
    """Follows the structure of a text by its tokens: `{`, `[`, `}`, `]`, or text of a scalar."""

    lines: dict[str, int] = field(default_factory=dict)
    _paths: list[str] = field(default_factory=list)
    _counts: list[int | None] = field(default_factory=list)
    _names: list[str | None] = field(default_factory=list)

    def take(self, part: str, line: int) -> None:
        if part in {"}", "]"}:
            del self._paths[-1], self._counts[-1], self._names[-1]
        elif part in {"{", "["}:
            path = self._begin(line)
            self._paths.append(path)
            self._counts.append(0 if part == "[" else None)
            self._names.append(None)
        elif self._counts and self._counts[-1] is None and self._names[-1] is None:
            name = part[1:]
            self._names[-1] = name
            self.lines[f"{self._paths[-1]}.{name}".removeprefix(".")] = line
        else:
            self._begin(line)

    def _begin(self, line: int) -> str:
        """The path of the value that begins here."""
        if not self._paths:
            self.lines.setdefault("", line)
            return ""
        count = self._counts[-1]
        if count is None:
            name, self._names[-1] = self._names[-1] or "", None
            return f"{self._paths[-1]}.{name}".removeprefix(".")
        self._counts[-1] = count + 1
        path = f"{self._paths[-1]}[{count}]"
        self.lines[path] = line
        return path


def _of_yaml(text: str) -> Iterator[tuple[str, int]]:
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1
        match event:
            case yaml.MappingStartEvent():
                yield "{", line
            case yaml.SequenceStartEvent():
                yield "[", line
            case yaml.MappingEndEvent():
                yield "}", line
            case yaml.SequenceEndEvent():
                yield "]", line
            case yaml.ScalarEvent():
                yield f"'{event.value}", line
            case yaml.AliasEvent():
                yield "'", line
            case _:
                pass


def _of_json(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for found in map(re.Match.group, _TOKEN.finditer(text)):
        if found == "\n":
            line += 1
        elif found.startswith('"'):
            name = json.loads(found)
            yield f"'{name}", line
        elif found in "[]{}":
            yield found, line
        elif found not in ",:":
            yield f"'{found}", line
