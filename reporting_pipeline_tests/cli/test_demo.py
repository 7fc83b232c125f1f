"""The demo, as a new user runs it."""

import csv
from pathlib import Path

import psycopg
import pytest

from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.reports.tables import REPORT_TABLES
from reporting_pipeline.settings import set_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.cli.conftest import RunReporting


@pytest.mark.usefixtures("environment")
def test_demo_builds_every_day_of_the_season_and_says_what_and_where(
    running_home: Home, reporting: RunReporting, season_dump: Path
) -> None:
    expected = {
        table.name: count_lines(season_dump / "expected" / f"{table.name}.csv")
        for table in REPORT_TABLES
    }

    done = reporting("demo", "--no-ui", REPORTING_HOME=str(running_home.folder))

    assert (done.returncode, done.stderr) == (0, "")
    set_environment({"REPORTING_HOME": str(running_home.folder)})
    with session() as settings, psycopg.connect(conninfo(settings.warehouse_url())) as connection:
        found = {
            name: (connection.execute(f"select count(*) from reporting.{name}").fetchone() or ())[0]  # noqa: S608 - a table's name
            for name in expected
        }
    assert found == expected
    shown = done.stdout.split()
    assert [str(count) for count in expected.values() if str(count) not in shown] == []
    assert f"CSV files in {running_home.folder / 'store'}" in done.stdout


def test_demo_never_fills_a_source_that_was_set_for_reading(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "demo",
        "--no-ui",
        REPORTING_HOME=str(tmp_path / "home"),
        REPORTING_SOURCE_LEDGER_URL="postgresql://reader@production/ledger",
    )

    assert done.returncode == 1
    assert "REPORTING_SOURCE_LEDGER_URL leads to a source of yours" in done.stderr
    assert not (tmp_path / "home").exists()


def count_lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))
