"""The Grafana dashboard and docs/telemetry.md name every metric, and no other."""

import json
import re
from typing import Any

from reporting_pipeline.telemetry.metrics import CUMULATIVE_METRICS, GAUGES
from reporting_pipeline.telemetry.prometheus import UP
from reporting_pipeline_tests.architecture.repository import DOCS

DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana" / "reporting.json").read_text("utf-8"))
TARGETS = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
LABELS = {UP: set(), **{each.name: set(each.labels) for each in (*CUMULATIVE_METRICS, *GAUGES)}}
SERIES = {
    **{name: name for name in LABELS},
    **{
        f"{each.name}_{suffix}": each.name
        for each in CUMULATIVE_METRICS
        if each.bounds
        for suffix in ("bucket", "sum", "count")
    },
}
_NAME = re.compile(r"\breporting_\w+")
_BY = re.compile(r"\bby \(([^)]*)\)")
_MATCHED = re.compile(r"{(\w+)=")
_SHOWN = re.compile(r"{{(\w+)}}")


def test_every_query_names_metrics_that_exist() -> None:
    named = {name for target in TARGETS for name in _NAME.findall(target["expr"])}
    assert named - set(SERIES) == set()


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {SERIES[name] for target in TARGETS for name in _NAME.findall(target["expr"])}
    assert set(LABELS) - shown == set()


def test_the_metric_has_every_label_of_a_query() -> None:
    for target in TARGETS:
        words = ", ".join(_BY.findall(target["expr"])).split(", ")
        used = {*words, *_MATCHED.findall(target["expr"]), *_SHOWN.findall(target["legendFormat"])}
        names = {SERIES[name] for name in _NAME.findall(target["expr"])}
        known = set.union({"le", ""}, *(LABELS[name] for name in names))
        assert used <= known, target["expr"]


def test_amounts_of_different_currencies_are_never_added() -> None:
    amounts = [each["expr"] for each in TARGETS if "reporting_breaks_minor" in each["expr"]]
    assert amounts
    assert all("currency" in each for each in amounts)


def test_panels_have_unique_ids_and_do_not_overlap() -> None:
    places = [each["gridPos"] for each in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    ids = [each["id"] for each in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_the_page_lists_every_metric_with_its_labels_and_help() -> None:
    text = (DOCS / "telemetry.md").read_text("utf-8")
    rows = [
        f"| `{each.name}` | {', '.join(f'`{label}`' for label in each.labels)} | {each.help} |"
        for each in (*GAUGES, *CUMULATIVE_METRICS)
    ]
    assert [row for row in rows if row not in text] == []
