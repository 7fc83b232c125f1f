"""A preview shows first rows, totals and a chart; a file that is damaged shows why it has none."""

from base64 import b64decode
from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.orchestration.assets.previews import file_preview
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define

WEEK = Period(first=date(2025, 9, 8), end=date(2025, 9, 15))


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    store = open_store(str(tmp_path / "store"))
    return ReportGenerator(warehouse=season_pipeline.warehouse, store=store)


def published(generator: ReportGenerator, format_: ReportFormat) -> Path:
    definition = define(generator.warehouse, {**REVENUE, "formats": [format_]})
    [outcome] = generator.generate(definition, WEEK, format_)
    return Path(generator.store.location(outcome.report.storage_path or ""))


@pytest.mark.parametrize("format_", [each for each in ReportFormat if each != "pdf"])
def test_a_preview_is_the_same_in_each_format(
    format_: ReportFormat, generator: ReportGenerator
) -> None:
    shown = {
        name: str(value.value)
        for name, value in file_preview(str(published(generator, format_))).items()
    }

    header, _, *rows = shown["preview"].splitlines()
    assert header == "| date | event_id | currency | gross_minor | refund_minor |"
    assert 1 < len(rows) <= 5
    assert shown["totals"].splitlines()[0] == "| currency | gross_minor | refund_minor |"
    image, title = shown["chart"].split("\n\n")
    assert title == "gross_minor by date, EUR"
    svg = b64decode(image.removesuffix(")").rpartition(",")[2]).decode()
    assert "45,600" in svg


def test_a_file_that_cannot_be_read_says_why(generator: ReportGenerator) -> None:
    path = published(generator, ReportFormat.CSV)
    path.write_bytes(path.read_bytes().replace(b"45600", b"45700"))

    [(name, value)] = file_preview(str(path)).items()

    assert name == "preview"
    assert "the rows of revenue_2025-09-08_2025-09-14.csv are not those" in str(value.value)
