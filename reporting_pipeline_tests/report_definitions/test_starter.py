"""The starter set: definitions that the datasets can answer and that fit on a page."""

import pytest

from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportFormat,
    Status,
)
from reporting_pipeline.report_definitions.derived_columns import with_derived_columns
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.report_definitions.parse import broken_definitions

STARTER = read_folder(STARTER_SET)
_MAX_COLUMNS_OF_A_PAGE = 17


def test_these_are_shipped() -> None:
    assert {each.slug for each in STARTER} == {
        "attendance",
        "breaks",
        "bridge",
        "comps",
        "daily-sales",
        "event-audit",
        "event-settlement",
        "gift-cards",
        "no-shows",
        "occupancy",
        "payout-statement",
        "receivables",
        "reserve-statement",
        "tax",
        "trial-balance",
        "weekly-occupancy",
        "weekly-revenue",
    }


def test_the_datasets_can_answer_them() -> None:
    assert [str(each) for each in broken_definitions(STARTER)] == []


@pytest.mark.parametrize("definition", STARTER, ids=lambda each: each.slug)
def test_each_fits_on_a_page_and_its_headings_differ(
    definition: DeclaredDefinition,
) -> None:
    for config in definition.config.parts:
        source = dataset(config.dataset)
        headings = [
            each.label or with_derived_columns(source, config).column(each.name).title
            for each in config.columns
        ]
        assert len(set(headings)) == len(headings)
        fits = len(headings) <= _MAX_COLUMNS_OF_A_PAGE
        assert (ReportFormat.PDF in definition.formats) == fits
    assert {ReportFormat.CSV, ReportFormat.XLSX} <= set(definition.formats)
    assert definition.status is Status.ACTIVE
    assert definition.organization_id is None
