"""A data source reads its view by name, and hides each figure that a formula guards."""

from xml.etree import ElementTree as ET

import pytest

from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.semantic_model import semantic_models
from reporting_pipeline.semantic_models.tableau import files

PLACE = Place(host="warehouse.example", port=5433, database="figures", user="reporting_bi_one")


@pytest.fixture(scope="module")
def sources() -> dict[str, ET.Element]:
    written = files(semantic_models(), PLACE)
    return {
        name.removesuffix(".tds"): ET.fromstring(content)  # noqa: S314 - our own file
        for name, content in written.items()
    }


def test_the_connection_is_that_of_the_place(sources: dict[str, ET.Element]) -> None:
    for name, source in sources.items():
        connection = source.find(".//named-connection/connection")
        relation = source.find(".//relation")
        assert connection is not None
        assert relation is not None
        found = [connection.get(each) for each in ("class", "server", "port", "dbname", "username")]
        assert found == ["postgres", "warehouse.example", "5433", "figures", "reporting_bi_one"]
        assert relation.get("table") == f"[reporting_bi_one].[{name}]"


def test_every_column_is_a_field(sources: dict[str, ET.Element]) -> None:
    for model in semantic_models():
        fields = [each.get("name") for each in sources[model.name].findall("column")]
        assert fields[: len(model.view.columns)] == [f"[{e.name}]" for e in model.view.columns]
        assert len(set(fields)) == len(fields)


def test_a_guarded_figure_is_hidden_behind_its_formula(sources: dict[str, ET.Element]) -> None:
    sales, summary = sources["sales_daily"], sources["event_summary"]

    assert _formula(sales, "gross_minor") == (
        "IF MIN([currency]) = MAX([currency]) THEN SUM([gross_minor]) END"
    )
    assert _formula(sales, "event_count") == "COUNTD([event_id])"
    assert _is_hidden(sales, "gross_minor")
    assert not _is_hidden(sales, "sold_count")
    assert _is_hidden(summary, "capacity_count")
    assert _formula(summary, "capacity_count") == (
        'RAWSQLAGG_INT("reporting_bi.sum_of_last(array_agg(cast(row(%2, %3, %4) as text)), '
        'array_agg(%5), array_agg(%1))", [capacity_count], [organization_id], [event_id], '
        "[currency], [date])"
    )


def test_an_opening_balance_is_hidden(sources: dict[str, ET.Element]) -> None:
    assert _is_hidden(sources["payable_statement"], "opening_minor")


def _formula(source: ET.Element, name: str) -> str | None:
    found = source.find(f"column[@name='[Calculation_{name}]']/calculation")
    assert found is not None
    return found.get("formula")


def _is_hidden(source: ET.Element, name: str) -> bool:
    found = source.find(f"column[@name='[{name}]']")
    assert found is not None
    return found.get("hidden") == "true"
