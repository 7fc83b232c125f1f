"""The ten starter reports over the season, read by programs that are not ours.

Each file must say what a query of its own says, value by value and type by type, with the totals
that its rows have. A few of the reports are looked at as PDF; all are slow to render.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reporting_pipeline.reports.definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance import readers
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.acceptance.readers import totals_of
from reporting_pipeline_tests.acceptance.starter_figures import STARTER_REPORTS, Row, figures_of
from reporting_pipeline_tests.acceptance.starter_set import (
    ReportFile,
    generated_files,
    starter_requests,
)
from reporting_pipeline_tests.delivery.given_reports import BERLIN, TOKYO

_PDFS = {("daily-sales", BERLIN), ("event-settlement", TOKYO), ("comps", TOKYO), ("tax", BERLIN)}
"""Many pages; other scripts and no decimals; no rows; two currencies."""


@pytest.fixture(scope="module")
def files(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> list[ReportFile]:
    """Every starter report of both organisations, and a few as PDF."""
    store = tmp_path_factory.mktemp("store")
    requests = starter_requests(shared_season_pipeline)
    few = [
        each
        for each in requests
        if (each.definition.slug, each.definition.organization_id) in _PDFS
    ]
    return [
        *generated_files(shared_season_pipeline, store, requests),
        *generated_files(shared_season_pipeline, store, few, [ReportFormat.PDF]),
    ]


@pytest.fixture(scope="module")
def figures(files: list[ReportFile], shared_season_pipeline: Pipeline) -> Mapping[Path, list[Row]]:
    """File -> the rows that it must have."""
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        return {
            each.path: figures_of(connection, each.slug, each.organization_id, each.period)
            for each in files
        }


def _of(files: list[ReportFile], format_: ReportFormat) -> list[ReportFile]:
    return [each for each in files if each.format is format_]


def test_every_report_is_there_in_every_format(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    assert {each.slug for each in files} == set(STARTER_REPORTS)
    assert len(files) == 23 * 4 + len(_PDFS)
    assert [each.row_count for each in files] == [len(figures[each.path]) for each in files]
    assert sum(each.row_count for each in _of(files, ReportFormat.CSV)) == 547


def test_csv_says_what_the_tables_say(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    for each in _of(files, ReportFormat.CSV):
        report = STARTER_REPORTS[each.slug]
        assert readers.read_csv(each.path, report, each.csv_profile) == figures[each.path]


def test_json_lines_say_what_the_tables_say(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    for each in _of(files, ReportFormat.JSONL):
        assert readers.read_jsonl(each.path, STARTER_REPORTS[each.slug]) == figures[each.path]


def test_parquet_says_what_the_tables_say(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    for each in _of(files, ReportFormat.PARQUET):
        assert readers.read_parquet(each.path, STARTER_REPORTS[each.slug]) == figures[each.path]


def test_xlsx_says_what_the_tables_say_with_totals(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    for each in _of(files, ReportFormat.XLSX):
        report, rows = STARTER_REPORTS[each.slug], figures[each.path]
        assert readers.read_xlsx(each.path, report) == (rows, totals_of(report, rows))


def test_pdf_shows_every_row_in_order_with_totals(
    files: list[ReportFile], figures: Mapping[Path, list[Row]]
) -> None:
    for each in _of(files, ReportFormat.PDF):
        report, rows = STARTER_REPORTS[each.slug], figures[each.path]
        rest = readers.pdf_text(each.path)
        for line in readers.pdf_lines(report, rows, totals_of(report, rows)):
            _, found, rest = rest.partition(line)
            assert found, f"{each.path.name}: {line} is not where it should be"
