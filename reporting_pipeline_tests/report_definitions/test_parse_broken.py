"""A definition is broken when its dataset has lost a column that it uses."""

from dataclasses import replace

import pytest

from reporting_pipeline.registry import datasets
from reporting_pipeline.report_definitions.definition import Status
from reporting_pipeline.report_definitions.parse import broken_definitions, parse_definition
from reporting_pipeline_tests.report_definitions.sample_definitions import definition
from reporting_pipeline_tests.report_rows import ORGANIZATION

USES_CHANNEL = parse_definition(definition())
USES_NONE = parse_definition(definition(columns=["date"]) | {"slug": "days"})


@pytest.fixture
def _sales_without_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry as a later version of the package might be."""
    sales = datasets.dataset("sales_daily")
    columns = tuple(each for each in sales.columns if each.name != "channel")
    monkeypatch.setattr(datasets, "DATASETS", (replace(sales, columns=columns),))


def test_definitions_that_can_be_answered_are_not_broken() -> None:
    assert broken_definitions([USES_CHANNEL, USES_NONE]) == []


@pytest.mark.usefixtures("_sales_without_channel")
def test_a_definition_of_a_column_that_is_gone_is_named_with_the_field() -> None:
    stored = USES_CHANNEL.for_organization(ORGANIZATION).as_version(3)

    first, second = broken_definitions([USES_CHANNEL, USES_NONE, stored])

    assert str(first).startswith("daily-sales: columns[1].name: dataset sales_daily has no column")
    assert str(second).startswith(f"daily-sales of organisation {ORGANIZATION}: columns[1].name: ")


@pytest.mark.usefixtures("_sales_without_channel")
def test_archived_definitions_may_be_broken() -> None:
    archived = USES_CHANNEL.model_copy(update={"status": Status.ARCHIVED})
    assert broken_definitions([archived]) == []


@pytest.mark.usefixtures("_sales_without_channel")
def test_a_definition_of_a_dataset_that_is_gone_is_named() -> None:
    config = USES_CHANNEL.config.model_copy(update={"dataset": "attendance_daily"})
    [broken] = broken_definitions([USES_CHANNEL.model_copy(update={"config": config})])
    assert "dataset: no dataset is called 'attendance_daily'" in str(broken)
