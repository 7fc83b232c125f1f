"""Each language has every view, the same bytes at each export, and no password."""

from pathlib import Path

import pytest

from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import semantic_models
from reporting_pipeline.semantic_models.targets import TARGETS, export

PLACE = Place(host="warehouse.example", port=5433, database="figures", user="reporting_bi_one")


@pytest.mark.parametrize("target", TARGETS)
def test_two_exports_have_the_same_bytes(target: str, tmp_path: Path) -> None:
    first = export(target, tmp_path / "first", PLACE)
    second = export(target, tmp_path / "second", PLACE)

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert len({path.name for path in first}) == len({path.name for path in second}) > 0


@pytest.mark.parametrize("target", TARGETS)
def test_a_second_export_replaces_the_first(target: str, tmp_path: Path) -> None:
    written = export(target, tmp_path, PLACE)
    written[0].write_bytes(b"changed by hand")

    assert export(target, tmp_path, PLACE) == written
    assert written[0].read_bytes() != b"changed by hand"


@pytest.mark.parametrize("target", [each for each in TARGETS if each != "superset"])
def test_each_view_has_a_file(target: str, tmp_path: Path) -> None:
    names = {path.name.partition(".")[0] for path in export(target, tmp_path, PLACE)}

    assert {each.name for each in semantic_models()} <= names
