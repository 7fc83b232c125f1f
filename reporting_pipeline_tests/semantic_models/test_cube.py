"""A cube has every dimension and measure of its view, and sums only what may be summed."""

from typing import Any

import yaml

from reporting_pipeline.semantic_models.cube import files
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import semantic_models


def _cubes() -> dict[str, Any]:
    found = {}
    for content in files(semantic_models(), Place()).values():
        [cube] = yaml.safe_load(content)["cubes"]
        found[cube["name"]] = cube
    return found


def test_a_cube_has_every_dimension_and_measure() -> None:
    cubes = _cubes()
    for model in semantic_models():
        cube = cubes[model.name]
        assert cube["sql_table"] == f"reporting_bi.{model.name}"
        names = [each["name"] for each in cube["dimensions"]]
        assert names == ["row_key", *(each.name for each in model.dimensions)]
        assert [each["name"] for each in cube["measures"]] == [e.name for e in model.measures]


def test_only_what_may_be_summed_has_the_type_sum() -> None:
    cubes = _cubes()
    for model in semantic_models():
        summed = {each["name"] for each in cubes[model.name]["measures"] if each["type"] == "sum"}
        expected = {e.name for e in model.measures if e.rule == "sum" and not e.single}
        assert summed == expected


def test_a_day_is_a_time_without_a_zone() -> None:
    [day] = [e for e in _cubes()["sales_daily"]["dimensions"] if e["name"] == "date"]

    assert (day["type"], day["sql"]) == ("time", "cast({CUBE}.date as timestamp)")
