"""Finds all faults of a definition in one round, although some hide others.

A field that is not valid keeps the schema from being complete, and an unknown column keeps its
dataset from being asked. So each fault that is found is removed from the values, and the rest is
checked again, until no other fault is found. A fault that may only follow from a removed field
(`InvalidField.follows`) is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reporting_pipeline.report_definitions.document import (
    TOO_LARGE,
    InvalidField,
    invalid_values,
    quoted,
    text_fault,
    value_fault,
)

_REASONS = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list",
    "model_type": "expected a mapping of fields",
    "model_attributes_type": "expected a mapping of fields",
    "dict_type": "expected a mapping of fields",
}
_WITH_VALUE = frozenset(
    {"string_type", "int_type", "bool_type", "tuple_type", "literal_error", "enum", "uuid_type"}
)
_ROUNDS = 30
_PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NOTHING = object()
_OF_ABSENCE = frozenset({"missing", "too_short"})
_LISTS = re.compile(r"(?:^|\.)(columns|group_by|filters|having)\b")

# In place of a field that is missing or not valid, so that the others can be checked.
_STAND_INS: Mapping[str, Any] = MappingProxyType(
    {
        "slug": "slug",
        "name": "name",
        "category": "sales",
        "schedule": "manual",
        "formats": ["csv"],
        "config.period": "previous_day",
    }
)

_Model = TypeVar("_Model", bound=BaseModel)
_Location: TypeAlias = Sequence[str | int]
_Place: TypeAlias = tuple[Any, str | int]
Check: TypeAlias = Callable[[_Model, frozenset[str]], Sequence[InvalidField]]


class _Items(list[Any]):
    """A list without its invalid items; `places` has the former index of each other one."""

    def __init__(self, items: Sequence[tuple[int, Any]]) -> None:
        super().__init__(item for _, item in items)
        self.places = [place for place, _ in items]


class AllFaults(Generic[_Model]):
    """The search for the faults of one definition or config.

    Args:
        model: The schema.
        checks: Find the faults of a value that keeps the schema. Each also gets the paths of the
            fields that have a stand-in, about which nothing can be said.
    """

    def __init__(self, model: type[_Model], checks: Sequence[Check[_Model]] = ()) -> None:
        self._model = model
        self._checks = checks
        self._faults: list[InvalidField] = []
        self._removed: set[str] = set()
        self._stand_ins: set[str] = set()
        self._pending: list[tuple[str, _Location]] = []

    def of(self, mapping: object) -> tuple[_Model | None, list[InvalidField]]:
        """The value, unless there are faults, and all faults."""
        self._faults = invalid_values(mapping)
        if not isinstance(mapping, Mapping):
            found = "nothing" if mapping is None else f"a {type(mapping).__name__}"
            reason = f"expected a mapping of fields, found {found}"
            return None, self._faults or [InvalidField("the text", reason)]
        if any(each.reason.startswith(TOO_LARGE) for each in self._faults):
            return None, self._faults
        self._removed = {each.field for each in self._faults}
        tree = _valid_part(mapping)
        for _ in range(_ROUNDS):
            value = self._validated(tree)
            if value is not None:
                self._check(value, tree)
                if not self._pending:
                    return (None if self._faults else value), self._faults
            if not self._remove_pending(tree):
                break
        return None, self._faults

    def _validated(self, tree: dict[str, Any]) -> _Model | None:
        try:
            return self._model.model_validate(tree)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                location = list(_location(each))
                path = _path(location, tree)
                # Without items the list is no use: what contains it goes, as if it lacked one.
                first_item = ["0"] if each["type"] == "too_short" else []
                self._pending.append((path, [*location, *first_item]))
                if not self._is_known(path, is_of_absence=each["type"] in _OF_ABSENCE):
                    self._report(_fault(path or "the definition", each))
        return None

    def _check(self, value: _Model, tree: dict[str, Any]) -> None:
        for check in self._checks:
            for each in check(value, frozenset(self._stand_ins)):
                location = _parts(each.place)
                path = _path(location, tree)
                if each.follows and any(map(_LISTS.search, self._removed)):
                    continue
                if not self._is_known(path):
                    field = _path(_parts(each.field), tree)
                    self._report(InvalidField(field, each.reason, item=path))
                if not each.follows:
                    self._pending.append((path, location))

    def _is_known(self, path: str, *, is_of_absence: bool = False) -> bool:
        """True if a fault is one of a removed field, or follows from its removal."""
        return (
            path in self._removed
            or any(_is_within(path, each) for each in self._stand_ins)
            or (is_of_absence and any(_is_within(each, path) for each in self._removed))
        )

    def _report(self, fault: InvalidField) -> None:
        if fault not in self._faults:
            self._faults.append(fault)

    def _remove_pending(self, tree: dict[str, Any]) -> bool:
        """Take the fields with faults out of the tree; False if none could be."""
        places: dict[tuple[int, str | int], _Place] = {}
        is_changed = False
        for path, location in self._pending:
            place = _removable(location, tree)
            if place is not None:
                places[id(place[0]), place[1]] = place
            elif self._stand_in(path, tree):
                is_changed = True
        self._removed.update(path for path, _ in self._pending)
        self._pending.clear()
        # From the end of each list, so that the places of the others stay.
        for container, key in sorted(places.values(), key=lambda place: str(place[1]).zfill(9))[
            ::-1
        ]:
            if isinstance(container, _Items) and isinstance(key, int):
                del container[key], container.places[key]
            else:
                del container[key]
        return is_changed or bool(places)

    def _stand_in(self, path: str, tree: dict[str, Any]) -> bool:
        """Give a field that is missing, or one around it, its stand-in."""
        for field, value in _STAND_INS.items():
            if _is_within(path, field) and field not in self._stand_ins:
                *above, name = field.split(".")
                container: Any = tree
                for each in above:
                    container = container[each]
                container[name] = value
                self._stand_ins.add(field)
                return True
        return False


def _valid_part(value: Any) -> Any:
    """A copy of plain values, without those that no definition may contain."""
    if isinstance(value, Mapping):
        return {
            name: _valid_part(each)
            for name, each in value.items()
            if isinstance(name, str) and text_fault(name) is None and value_fault(each) is None
        }
    if isinstance(value, list | tuple):
        kept = [(i, _valid_part(each)) for i, each in enumerate(value) if value_fault(each) is None]
        return _Items(kept)
    return value


def _is_within(path: str, field: str) -> bool:
    """True if a path is that of a field, or of a part of it."""
    return path.startswith(field) and path[len(field) : len(field) + 1] in {"", ".", "["}


def _fault(path: str, error: ErrorDetails) -> InvalidField:
    """The fault at a path; of a repeated item the list is named, as the author sees it."""
    field = path.rpartition("[")[0] if "index" in _context(error) else path
    return InvalidField(field, _reason(error), item=path)


def _parts(path: str) -> list[str | int]:
    return [int(index) if index else name for index, name in _PART.findall(path)]


def _location(error: ErrorDetails) -> Iterator[str | int]:
    """The names and indices down to the fault; parts in brackets are tags of unions, no fields."""
    for part in error["loc"]:
        if isinstance(part, int) or not part.startswith("<"):
            yield part
    context = _context(error)
    field = context.get("field") or ("operator" if error["type"] == "operator" else None)
    if field is not None:
        yield field
    if "index" in context:
        yield context["index"]


def _path(location: _Location, tree: dict[str, Any]) -> str:
    """`config.filters[0].value`, with the indices that the author has written."""
    path, node = "", cast("Any", tree)
    for part in location:
        shown = part
        if isinstance(part, int) and isinstance(node, _Items) and part < len(node.places):
            shown = node.places[part]
        path += f"[{shown}]" if isinstance(part, int) else f".{part}"
        node = _child(node, part)
    return path.removeprefix(".")


def _removable(location: _Location, tree: dict[str, Any]) -> _Place | None:
    """The place of a field; if it is missing, that of the list item that lacks it, if any."""
    node: Any = tree
    place: _Place | None = None
    item: _Place | None = None
    for part in location:
        child = _child(node, part)
        if child is _NOTHING:
            return item
        place = (node, part)
        if isinstance(node, _Items):
            item = place
        node = child
    return place


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(part, _NOTHING)
    is_item = isinstance(node, _Items) and isinstance(part, int) and part < len(node)
    return node[part] if is_item else _NOTHING


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(_context(error)["error"])
    reason = _REASONS.get(error["type"], error["msg"])
    return f"{reason}, found {quoted(error['input'])}" if error["type"] in _WITH_VALUE else reason


def _context(error: ErrorDetails) -> dict[str, Any]:
    return error.get("ctx") or {}
