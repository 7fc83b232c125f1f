"""The demo, as a new user runs it, and the reports that it publishes."""

import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from reporting_pipeline.cli import demo_pipeline, main
from reporting_pipeline.cli.demo_pipeline import (
    JobPartitions,
    apply_starter_set,
    job_partitions,
)
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.samples.demo_books import DemoBooks, weeks_for, write_demo_books
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.cli.conftest import RunReporting
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables

SEASON_EVENT = "00000002-0000-4000-8000-000000000001"


def test_demo_builds_every_day_of_the_sample_data_and_prints_the_results(
    running_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})
    # One event's reports are enough here; another test has the others.
    monkeypatch.setattr(demo_pipeline, "job_partitions", lambda *_: [of_season()])
    today = datetime.now(UTC).date()
    books = write_demo_books(tmp_path / "books", weeks_for(today, lambda _: None))
    expected = row_counts(books, today)

    first, second = (CliRunner().invoke(main, ["demo", "--no-ui"]) for _ in range(2))

    assert [first.exit_code, second.exit_code] == [0, 0], first.output + second.output
    with session() as settings, psycopg.connect(conninfo(settings.warehouse_url())) as connection:
        found = {
            name: (connection.execute(f"select count(*) from reporting.{name}").fetchone() or ())[0]  # noqa: S608 - a table's name
            for name in expected
        }
    assert found == expected
    shown = first.output.split()
    assert [str(count) for count in expected.values() if str(count) not in shown] == []
    of_events = [each for each in read_folder(STARTER_SET) if each.schedule is Schedule.POST_EVENT]
    file_count = 2 * sum(len(each.formats) for each in of_events)  # after the event, and final
    assert f"{file_count} files ready, 0 held, 0 failed" in first.output
    assert f"{file_count} report files in {running_home.folder / 'store'}" in first.output
    [settlement] = re.findall(r"^look +(.+)$", first.output, re.MULTILINE)
    assert re.match(f"event-settlement_event-{SEASON_EVENT}_20..-..-...pdf", Path(settlement).name)
    assert Path(settlement).read_bytes().startswith(b"%PDF-")
    printed_commands_work(first.output, settlement)
    shows_nothing_to_do(second.output)


def of_season() -> JobPartitions:
    return JobPartitions(
        job_name="deliver_event_reports", what="event", first=SEASON_EVENT, last=SEASON_EVENT
    )


def row_counts(books: DemoBooks, today: date) -> dict[str, int]:
    both = [expected_tables(Books.from_dump(each)) for each in (books.season, books.organizer)]
    return {
        table.name: sum(row["date"] < today for each in both for row in each[table.name].values())
        for table in REPORT_TABLES
    }


def printed_commands_work(output: str, settlement: str) -> None:
    """Each command of the output ends well in a shell that knows only the usual programs."""
    commands = [
        line[8:]
        for line in output.splitlines()
        if re.search(r"reporting (verify|reports|breaks)\b", line)
    ]
    assert len(commands) == 3
    for command in commands:
        done = subprocess.run(  # noqa: S603 - printed by the demo
            ["/bin/sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stderr)
    assert settlement in " ".join(commands)


def shows_nothing_to_do(output: str) -> None:
    titles = re.findall(r"^  (.+?) {2,}[\d.]+ s  (.*)$", output, re.MULTILINE)
    assert [title for title, _ in titles if title.startswith(("build", "event"))] == []


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


def test_last_days_with_sales_their_weeks_and_months_and_all_events(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    found = list(job_partitions(settings, date(2026, 1, 1)))

    assert [(each.job_name, each.first, each.last) for each in found] == [
        ("daily_build", "2025-05-06", "2025-05-06"),
        ("daily_build", "2025-10-28", "2025-10-28"),
        ("deliver_weekly_reports", "2025-05-05", "2025-05-05"),
        ("deliver_weekly_reports", "2025-10-27", "2025-10-27"),
        ("deliver_monthly_reports", "2025-05-01", "2025-05-01"),
        ("deliver_monthly_reports", "2025-10-01", "2025-10-01"),
        ("deliver_event_reports", None, None),
    ]


def test_a_week_and_a_month_that_are_not_over_give_way_to_the_ones_before(
    shared_season_pipeline: Pipeline,
) -> None:
    settings = settings_of(shared_season_pipeline)

    found = list(job_partitions(settings, date(2025, 10, 29)))

    assert [(each.job_name, each.first) for each in found if each.first is not None] == [
        ("daily_build", "2025-05-06"),
        ("daily_build", "2025-10-28"),
        ("deliver_weekly_reports", "2025-05-05"),
        ("deliver_weekly_reports", "2025-10-20"),
        ("deliver_monthly_reports", "2025-05-01"),
        ("deliver_monthly_reports", "2025-09-01"),
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
