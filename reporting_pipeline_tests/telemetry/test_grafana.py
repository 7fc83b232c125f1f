"""The dashboard is valid: Grafana's own types know each name and value in it."""

import json
from collections.abc import Iterable
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from reporting_pipeline_tests.telemetry.test_dashboard import DASHBOARD


def lost(sent: Any, kept: Any, place: str = "") -> list[str]:
    """The places that Grafana's types dropped."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        unknown = [f"{place}/{name}" for name in sent.keys() - kept.keys()]
        shared = sorted(sent.keys() & kept.keys())
        return unknown + [
            each for name in shared for each in lost(sent[name], kept[name], f"{place}/{name}")
        ]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        return [
            each
            for number, (one, other) in enumerate(zip(sent, kept, strict=True))
            for each in lost(one, other, f"{place}/{number}")
        ]
    return [] if sent == kept else [place]


def faults(value: Any, hint: Any, place: str = "") -> list[str]:
    """The places whose value does not have the type that Grafana's class declares."""
    if get_origin(hint) in {Union, UnionType}:
        return min((faults(value, each, place) for each in get_args(hint)), key=len)
    if not is_one(value, hint):
        return [f"{place}: {value!r}"]
    inner: Iterable[tuple[object, Any, Any]] = ()
    if isinstance(value, list):
        inner = ((number, item, *get_args(hint)) for number, item in enumerate(value))
    elif type(value).__module__.startswith("grafana_foundation_sdk"):
        hints = get_type_hints(type(value))
        inner = ((name, getattr(value, name), each) for name, each in hints.items())
    return [
        each
        for name, item, item_hint in inner
        for each in faults(item, item_hint, f"{place}/{name}")
    ]


def is_one(value: Any, hint: Any) -> bool:
    """True if a value has a type, without its elements."""
    if hint in {Any, object}:
        return True
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return value in {each.value for each in hint}
    return isinstance(value, int | float if hint is float else get_origin(hint) or hint)


def read(dashboard: dict[str, Any]) -> Dashboard:
    """The dashboard, read by Grafana's own library."""
    register_default_plugins()
    return Dashboard.from_json(dashboard)


def test_grafana_knows_every_name_of_the_dashboard() -> None:
    kept = json.loads(JSONEncoder().encode(read(DASHBOARD)))
    assert lost(DASHBOARD, kept) == []


def test_grafana_accepts_every_value_of_the_dashboard() -> None:
    assert faults(read(DASHBOARD), Dashboard) == []


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (("panels", 8, "gridPos"), {"x": 0, "y": 0, "w": 1, "h": "2"}, "h: '2'"),
        (("panels", 8, "options", "legend", "displayMode"), "sideways", "'sideways'"),
        (("refresh",), 5, "refresh: 5"),
    ],
)
def test_a_value_that_grafana_does_not_accept_is_found(
    place: tuple[str | int, ...], value: object, fault: str
) -> None:
    dashboard = json.loads(json.dumps(DASHBOARD))
    inner = dashboard
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    [found] = faults(read(dashboard), Dashboard)
    assert found.endswith(fault)
