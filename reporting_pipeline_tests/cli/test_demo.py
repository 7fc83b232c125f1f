"""The demo, as a new user runs it, and the reports that it publishes."""

import csv
import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from reporting_pipeline.cli import demo, main
from reporting_pipeline.cli.demo import JobPartitions, apply_starter_set, job_partitions
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.samples.generator import generate_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cli.conftest import RunReporting
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables

# Three of the season, six of the bundled organisation.
EVENT_COUNT = 9
SEASON_EVENT = "00000002-0000-4000-8000-000000000001"


@pytest.mark.usefixtures("environment")
def test_demo_builds_every_day_of_the_sample_data_and_prints_the_results(
    running_home: Home, season_dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})
    # One event's reports are enough here; another test has the others.
    monkeypatch.setattr(demo, "job_partitions", lambda _, events: [of_season(events)])
    organizer = expected_tables(Books.from_dump(generate_dump(ORGANIZER, tmp_path / "organizer")))
    expected = {
        table.name: len(organizer[table.name])
        + count_lines(season_dump / "expected" / f"{table.name}.csv")
        for table in REPORT_TABLES
    }

    done = CliRunner().invoke(main, ["demo", "--no-ui"])

    assert done.exit_code == 0, done.output
    with session() as settings, psycopg.connect(conninfo(settings.warehouse_url())) as connection:
        found = {
            name: (connection.execute(f"select count(*) from reporting.{name}").fetchone() or ())[0]  # noqa: S608 - a table's name
            for name in expected
        }
    assert found == expected
    shown = done.output.split()
    assert [str(count) for count in expected.values() if str(count) not in shown] == []
    of_events = [each for each in read_folder(STARTER_SET) if each.schedule is Schedule.POST_EVENT]
    file_count = 2 * sum(len(each.formats) for each in of_events)  # after the event, and final
    assert f"{file_count} files ready, 0 held, 0 failed" in done.output
    assert f"{file_count} report files in {running_home.folder / 'store'}" in done.output
    [settlement] = re.findall(r"^look +(.+)$", done.output, re.MULTILINE)
    assert Path(settlement).name == (f"event-settlement_event-{SEASON_EVENT}_2025-11-25.pdf")
    assert Path(settlement).read_bytes().startswith(b"%PDF-")


def of_season(events: list[str]) -> JobPartitions:
    assert len(events) == EVENT_COUNT
    [event] = [each for each in events if SEASON_EVENT in each]
    return JobPartitions(job_name="deliver_event_reports", first=event, last=event)


def test_demo_never_loads_into_a_source_that_is_set_for_reading(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "demo",
        "--no-ui",
        REPORTING_HOME=str(tmp_path / "home"),
        REPORTING_SOURCE_LEDGER_URL="postgresql://reader@production/ledger",
    )

    assert done.returncode == 1
    assert "REPORTING_SOURCE_LEDGER_URL is set: unset it" in done.stderr
    assert not (tmp_path / "home").exists()


def count_lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))


def test_last_days_with_sales_their_weeks_and_months_and_all_events(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    found = list(job_partitions(settings, ["event 1", "event 2", "event 3"]))

    assert [(each.job_name, each.first, each.last) for each in found] == [
        ("daily_build", "2025-05-06", "2025-05-06"),
        ("daily_build", "2025-10-28", "2025-10-28"),
        ("deliver_weekly_reports", "2025-05-05", "2025-05-05"),
        ("deliver_weekly_reports", "2025-10-27", "2025-10-27"),
        ("deliver_monthly_reports", "2025-05-01", "2025-05-01"),
        ("deliver_monthly_reports", "2025-10-01", "2025-10-01"),
        ("deliver_event_reports", "event 1", "event 3"),
    ]


def test_every_organisation_gets_the_starter_set_once(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    organization_count, file_count = 2, len(list(STARTER_SET.glob("*.yaml")))
    count = organization_count * file_count
    assert [apply_starter_set(settings), apply_starter_set(settings)] == [count, count]


def settings_of(pipeline: Pipeline) -> Settings:
    address = pipeline.warehouse.render_as_string(hide_password=False)
    return Settings.model_validate({"database_url": address})
