"""Changes to each field of a manifest, one at a time, derived from the manifest's model.

A field is a path in the JSON, such as `seals.0.state`. A forged manifest differs in one field: it
has another value there, or a list lacks its first part, or has one part twice, or is empty.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from pydantic import BaseModel

from reporting_pipeline.exports.manifest import Manifest

Forgery = tuple[str, Manifest]
"""What was changed, and the manifest with the change."""


def field_names(model: type[BaseModel] = Manifest) -> set[str]:
    """The names of all fields of the manifest and its parts, as paths without indexes."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        part = _part_of(field.annotation)
        names |= {f"{name}.{each}" for each in field_names(part)} if part else {name}
    return names


def forgeries(manifest: Manifest) -> Iterator[Forgery]:
    """The manifest with each possible change, where the change is still a manifest."""
    whole = json.loads(manifest.model_dump_json())
    for path, value in _changes(whole, ()):
        changed = deepcopy(whole)
        holder: Any = changed
        for each in path[:-1]:
            holder = holder[each]
        holder[path[-1]] = value
        try:
            forged = Manifest.model_validate(changed)
        except ValueError:
            continue  # reading refuses it, before anything is compared
        if forged != manifest:
            yield f"{'.'.join(map(str, path))} = {str(value)[:40]}", forged


def _changes(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _changes(each, (*path, name))
        if path and path[-1] in {"made_with", "values", "ratios"}:
            yield path, {}
    elif isinstance(value, list):
        if value:
            yield path, []
            yield path, value[1:]
            yield path, [value[0], *value]
        for index, each in enumerate(value):
            yield from _changes(each, (*path, index))
    else:
        yield from ((path, each) for each in _others(value, str(path[-1])))


def _others(value: Any, name: str) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 0]
    if value is None:
        return ["00000009-0000-4000-8000-000000000009", "minor", "2020-01-01", "x"]
    by_name: dict[str, list[Any]] = {
        "state": ["final", "provisional", "held"],
        "category": ["financial", "sales", "operational"],
        "csv_profile": ["machine", "spreadsheet"],
        "since": ["2026-10-25T02:00:00Z"],
        "time_zone": ["Asia/Tokyo", "UTC"],
        "locale": ["en_US", "ja_JP"],
        "unit": ["minor", "count", "rate", None],
        "kind": ["key", "attribute", "measure", "balance", "ratio"],
    }
    others = by_name.get(name, [])
    if value[4:5] == "-" == value[7:8] and len(value) == len("2026-02-28"):
        others = ["2001-02-03"]
    if len(value) == len("00000009-0000-4000-8000-000000000009") and value[8:9] == "-":
        others = ["00000009-0000-4000-8000-000000000009"]
    if value[10:11] == "T" and value.endswith("Z"):
        others = ["2026-10-25T03:00:00Z"]
    return [*others, f"{value}x", value[::-1]]


def _part_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a part, which may be optional or in a tuple."""
    for each in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None
