"""`reporting alerts`: looks, and lists what stands; with --all also what is over."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.cli.conftest import program
from reporting_pipeline_tests.sample_reports import REVENUE, define

_NOTHING = "0 alerts are open; now 0 were opened, 0 updated, 0 resolved\n"


def _told(*options: str) -> str:
    result = CliRunner().invoke(main, ["alerts", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_stands_is_listed_and_what_is_over_only_if_asked_for(own_warehouse: URL) -> None:
    assert _told() == _NOTHING
    with warehouse_connection(own_warehouse) as connection:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        connection.execute(
            "insert into landing.source_faults values"
            " ('ledger', 'SourceUnavailable', 'source ledger is down', %s, %s, 1)",
            (at, at),
        )
    listed = _told()
    assert "source_down" in listed
    assert "since 2026-01-01 00:00 UTC: source ledger is down" in listed
    assert listed.endswith("1 alerts are open; now 1 were opened, 0 updated, 0 resolved\n")

    with warehouse_connection(own_warehouse) as connection:
        connection.execute("delete from landing.source_faults")
    assert _told() == _NOTHING.replace("0 resolved", "1 resolved")
    assert _told() == _NOTHING
    assert "resolved 20" in _told("--all")


def test_a_report_past_its_deadline_is_told_though_no_daemon_has_ever_run(
    own_warehouse: URL,
) -> None:
    define(own_warehouse, REVENUE)
    with warehouse_connection(own_warehouse) as connection:
        connection.execute(
            "update catalogue.report_definitions set expected_since = %s",
            (datetime.now(UTC) - timedelta(days=2),),
        )

    with subprocess.Popen(  # noqa: S603 - our own program
        [program(), "alerts", "--watch"],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment({"PYTHONUNBUFFERED": "1"}),
    ) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline().startswith("what stands is looked at every 30 seconds")
        told = watch.stdout.readline()
        watch.terminate()
        watch.communicate()
    assert told.startswith("opened report_overdue: revenue of organisation")
    assert watch.returncode == 0


@pytest.mark.usefixtures("own_warehouse")
@pytest.mark.parametrize("command", ["alerts", "daemon"])
def test_a_channel_that_is_of_no_use_is_said_before_anything_is_begun(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_ALERT_CHANNELS", "pigeon://s3cret@roof")

    result = CliRunner().invoke(main, [command])

    assert result.exit_code == 1
    assert "REPORTING_ALERT_CHANNELS: URL 1" in result.output
    assert "s3cret" not in result.output
