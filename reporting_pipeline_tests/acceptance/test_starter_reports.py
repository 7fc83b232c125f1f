"""The starter reports over the season, read by independent programs.

Each file must equal the result of a separate query, value by value and type by type, with the
totals of its rows. Only a few reports are rendered as PDF, because this is slow.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import libfaketime  # type: ignore[import-untyped]
import pytest
from sqlalchemy import URL

from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance import readers
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.readers import totals_of
from reporting_pipeline_tests.acceptance.starter_figures import (
    STARTER_REPORTS,
    Row,
    StarterReport,
    figures_of,
    parts_of,
)
from reporting_pipeline_tests.acceptance.starter_set import (
    StarterFile,
    generated_files,
    starter_requests,
)
from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO

Figures: TypeAlias = Mapping[Path, list[list[Row]]]

_PDFS = {("daily-sales", BERLIN), ("event-settlement", TOKYO), ("comps", TOKYO), ("tax", BERLIN)}
"""Reports with many pages, other scripts and no decimals, no rows, and two currencies."""


@pytest.fixture(scope="module")
def files(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> list[StarterFile]:
    """Every starter report of both organisations, a few of them as PDF."""
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
def figures(files: list[StarterFile], shared_season_pipeline: Pipeline) -> Figures:
    """File -> expected rows of each of its blocks."""
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        return {
            each.path: [
                figures_of(connection, part, each.organization_id, each.period)
                for part in parts_of(each.slug)
            ]
            for each in files
        }


def _of(files: list[StarterFile], format_: ReportFormat) -> list[StarterFile]:
    return [each for each in files if each.format is format_]


def _blocks(
    file: StarterFile, figures: Figures
) -> Iterator[tuple[int, str, StarterReport, list[Row]]]:
    """Number, name, expected columns and rows of each block of a file."""
    parts = parts_of(file.slug)
    for number, (part, rows) in enumerate(zip(parts, figures[file.path], strict=True)):
        yield number, part.partition(".")[2], STARTER_REPORTS[part], rows


def test_every_report_exists_in_every_format(files: list[StarterFile], figures: Figures) -> None:
    assert {each.slug for each in files} == {each.partition(".")[0] for each in STARTER_REPORTS}
    # Two organisations, and three events.
    of_events = [each.config.period.rule == "event_to_date" for each in read_folder(STARTER_SET)]
    report_count = sum(3 if of_event else 2 for of_event in of_events)
    assert len(files) == report_count * 4 + len(_PDFS)
    assert [each.row_count for each in files] == [
        sum(map(len, figures[each.path])) for each in files
    ]
    assert sum(each.row_count for each in _of(files, ReportFormat.CSV)) > 450


def test_csv_has_the_rows_of_the_tables(files: list[StarterFile], figures: Figures) -> None:
    for each in _of(files, ReportFormat.CSV):
        for _, block, report, rows in _blocks(each, figures):
            assert readers.read_csv(each.path, report, each.csv_profile, block) == rows


def test_json_lines_have_the_rows_of_the_tables(files: list[StarterFile], figures: Figures) -> None:
    for each in _of(files, ReportFormat.JSONL):
        for _, block, report, rows in _blocks(each, figures):
            assert readers.read_jsonl(each.path, report, block) == rows


def test_parquet_has_the_rows_of_the_tables(files: list[StarterFile], figures: Figures) -> None:
    for each in _of(files, ReportFormat.PARQUET):
        for _, block, report, rows in _blocks(each, figures):
            assert readers.read_parquet(each.path, report, block) == rows


def test_xlsx_has_the_rows_of_the_tables_with_totals(
    files: list[StarterFile], figures: Figures
) -> None:
    for each in _of(files, ReportFormat.XLSX):
        for number, _, report, rows in _blocks(each, figures):
            found = readers.read_xlsx(each.path, report, number)
            assert found == (rows, totals_of(report, rows))


def test_pdf_shows_every_row_in_order_with_totals(
    files: list[StarterFile], figures: Figures
) -> None:
    for each in _of(files, ReportFormat.PDF):
        rest = readers.pdf_text(each.path)
        for _, _, report, rows in _blocks(each, figures):
            for line in readers.pdf_lines(report, rows, totals_of(report, rows)):
                _, found, rest = rest.partition(line)
                assert found, f"{each.path.name}: {line} is not where it should be"


def test_another_machine_on_another_day_writes_the_same_bytes_without_a_catalogue(
    files: list[StarterFile], shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    _wipe_catalogue(shared_season_pipeline.warehouse)
    said = _generate_on_another_day(
        shared_season_pipeline.warehouse, tmp_path, "tax", "weekly-revenue"
    )

    assert said == "17 files on 2031-07-03\n"
    here = files[0].path.parents[3]
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert len(written) == 2 * 17 + 8  # with their manifests, and the rows of each block
    differing = [
        each.name
        for each in written
        if each.read_bytes() != (here / each.relative_to(tmp_path)).read_bytes()
    ]
    assert differing == []


def _wipe_catalogue(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "truncate catalogue.report_definitions, catalogue.report_definition_versions,"
            " catalogue.generated_reports, catalogue.generated_report_editions,"
            " catalogue.restated_rows, catalogue.notices cascade"
        )


def _generate_on_another_day(warehouse: URL, store: Path, *slugs: str) -> str:
    """Generate reports in a process with another clock, zone, locale and hash seed."""
    (library,) = Path(libfaketime.__file__).parent.rglob("libfaketime.so.1")
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "reporting_pipeline_tests.acceptance.another_machine", *slugs],
        env=child_environment(
            {
                "REPORTING_DATABASE_URL": warehouse.render_as_string(hide_password=False),
                "REPORTING_STORE_URL": str(store),
                "LD_PRELOAD": str(library),
                "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME": "@2031-07-04 05:06:07",
                "TZ": "Pacific/Apia",
                "PGTZ": "Asia/Kathmandu",
                "LC_ALL": "tr_TR.UTF-8",
                "PYTHONHASHSEED": "4711",
            }
        ),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
