"""The LookML is read by a parser of LookML, and its measures keep the rules."""

from typing import Any

import lkml
import pytest

from reporting_pipeline.semantic_models.lookml import files
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import is_time, semantic_models


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    written = files(semantic_models(), Place())
    return {name: lkml.load(content.decode()) for name, content in written.items()}


def test_the_model_has_an_explore_of_each_view(parsed: dict[str, Any]) -> None:
    model = parsed["reporting_bi.model.lkml"]

    assert model["connection"] == "reporting"
    assert [each["name"] for each in model["explores"]] == [each.name for each in semantic_models()]


def test_a_view_has_every_dimension_and_measure(parsed: dict[str, Any]) -> None:
    for model in semantic_models():
        [view] = parsed[f"views/{model.name}.view.lkml"]["views"]
        dimensions = [each for each in model.dimensions if not is_time(each)]
        times = [each for each in model.dimensions if is_time(each)]

        assert view["sql_table_name"] == f"reporting_bi.{model.name}"
        assert len(view["dimensions"]) == len(dimensions) + 1  # and the hidden key
        assert len(view.get("dimension_groups", [])) == len(times)
        assert [each["name"] for each in view["measures"]] == [each.name for each in model.measures]
        fields = [
            each["name"]
            for kind in ("dimensions", "dimension_groups", "measures")
            for each in view.get(kind, [])
        ]
        assert len(set(fields)) == len(fields)


def test_looker_sums_only_what_may_be_summed(parsed: dict[str, Any]) -> None:
    sales = _measures(parsed, "sales_daily")
    summary = _measures(parsed, "event_summary")

    assert (sales["sold_count"]["type"], sales["gross_minor"]["type"]) == ("sum", "number")
    assert "min(${TABLE}.currency) = max(${TABLE}.currency)" in sales["gross_minor"]["sql"]
    assert summary["capacity_count"]["type"] == "number"
    assert "reporting_bi.sum_of_last(" in summary["capacity_count"]["sql"]
    assert summary["event_count"]["type"] == "count_distinct"


def _measures(parsed: dict[str, Any], name: str) -> dict[str, Any]:
    [view] = parsed[f"views/{name}.view.lkml"]["views"]
    return {each["name"]: each for each in view["measures"]}
