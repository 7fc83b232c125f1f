"""`reporting alerts`, `metrics` and `sweep`, as an operator runs them."""

import os
import subprocess
import tempfile
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main, operations
from reporting_pipeline.embedded.home import left_servers
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.cli.conftest import RunReporting, program
from reporting_pipeline_tests.sample_reports import REVENUE, define

# reporting alerts


_NO_ALERT = "0 alerts are open; now 0 were opened, 0 updated, 0 resolved\n"


def _alerts(*options: str) -> str:
    result = CliRunner().invoke(main, ["alerts", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_open_alerts_are_listed_and_resolved_ones_only_with_all(own_warehouse: URL) -> None:
    assert _alerts() == _NO_ALERT
    with warehouse_connection(own_warehouse) as connection:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        connection.execute(
            "insert into landing.source_faults values"
            " ('ledger', 'SourceUnavailable', 'source ledger is down', %s, %s, 1)",
            (at, at),
        )
    listed = _alerts()
    assert "source_down" in listed
    assert "since 2026-01-01 00:00 UTC: source ledger is down" in listed
    assert listed.endswith("1 alerts are open; now 1 were opened, 0 updated, 0 resolved\n")

    with warehouse_connection(own_warehouse) as connection:
        connection.execute("delete from landing.source_faults")
    assert _alerts() == _NO_ALERT.replace("0 resolved", "1 resolved")
    assert _alerts() == _NO_ALERT
    assert "resolved 20" in _alerts("--all")


def test_an_overdue_report_is_reported_without_a_daemon(
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
        assert watch.stdout.readline().startswith("the alerts are evaluated every 30 seconds")
        printed = watch.stdout.readline()
        watch.terminate()
        watch.communicate()
    assert printed.startswith("opened report_overdue: revenue of organisation")
    assert watch.returncode == 0


@pytest.mark.usefixtures("own_warehouse")
@pytest.mark.parametrize("command", ["alerts", "daemon"])
def test_an_invalid_channel_is_reported_before_the_command_starts(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_ALERT_CHANNELS", "pigeon://s3cret@roof")

    result = CliRunner().invoke(main, [command])

    assert result.exit_code == 1
    assert "REPORTING_ALERT_CHANNELS: URL 1" in result.output
    assert "s3cret" not in result.output


# reporting metrics


def _variables(url: URL) -> dict[str, str]:
    return {"REPORTING_DATABASE_URL": url.render_as_string(hide_password=False)}


def test_the_metrics_are_served_until_the_command_ends(warehouse_url: URL) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [program(), "metrics", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment({**_variables(warehouse_url), "PYTHONUNBUFFERED": "1"}),
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[3].rstrip(";")
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            text = answer.read().decode()
        server.terminate()
    assert address.startswith("http://127.0.0.1:")
    assert "reporting_up 1.0" in text


def test_once_prints_the_metrics(warehouse_url: URL, reporting: RunReporting) -> None:
    done = reporting("metrics", "--once", **_variables(warehouse_url))
    assert done.returncode == 0, done.stderr
    assert "# TYPE reporting_source_lag_seconds gauge" in done.stdout


# reporting sweep


@pytest.fixture
def staged(own_warehouse: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unfinished write of years ago in the store."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Servers of this machine's homes are not this test's.
    monkeypatch.setattr(operations, "left_servers", lambda: left_servers(tmp_path / "elsewhere"))
    path = tmp_path / "store" / ".staging" / "0123"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    os.utime(path, (1e9, 1e9))
    return path


@pytest.mark.parametrize(
    ("arguments", "done", "stays"),
    [(["--dry-run"], "would be removed", True), ([], "are removed", False)],
)
def test_leftovers_of_killed_processes_are_listed_and_removed(
    arguments: list[str], done: str, stays: bool, staged: Path
) -> None:
    result = CliRunner().invoke(main, ["sweep", *arguments])

    assert result.exit_code == 0, result.output
    assert result.output == (
        "unfinished write of 2001-09-09 01:46Z: .staging/0123\n"
        f"0 temporary folders and 1 unfinished writes {done}\n"
        "0 objects are past their retention, 0 of them are deleted\n"
        "0 alerts, 0 messages to channels and 0 notices are past their retention, "
        "0 of them are deleted\n"
        "0 requests are past their retention, 0 of them are deleted\n"
    )
    assert staged.exists() is stays


@pytest.mark.parametrize(("arguments", "stays"), [(["--dry-run"], True), ([], False)])
@pytest.mark.usefixtures("staged")
def test_servers_of_a_deleted_home_are_listed_and_removed(
    arguments: list[str], stays: bool, tmp_path: Path
) -> None:
    gone, unknown = tmp_path / "elsewhere" / "gone", tmp_path / "elsewhere" / "unknown"
    for each in (gone, unknown):
        (each / "postgres").mkdir(parents=True)
    (gone / "home").write_text(str(tmp_path / "deleted"))

    result = CliRunner().invoke(main, ["sweep", *arguments])

    assert result.exit_code == 0, result.output
    assert f"servers' files {gone} of {tmp_path / 'deleted'}, which is gone\n" in result.output
    assert f"servers' files {unknown} do not say which home they are of" in result.output
    assert (gone.exists(), unknown.exists()) == (stays, True)


@pytest.mark.parametrize(
    ("deletes", "arguments", "end", "left"),
    [
        ("false", [], "0 of them are deleted; REPORTING_RETENTION_DELETES is not set\n", 2),
        ("true", ["--dry-run"], "0 of them are deleted\n", 2),
        ("true", [], "1 of them are deleted\n", 1),
    ],
)
@pytest.mark.usefixtures("staged")
def test_resolved_alerts_are_deleted_only_if_the_setting_allows_it(
    deletes: str,
    arguments: list[str],
    end: str,
    left: int,
    own_warehouse: URL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPORTING_RETENTION_DELETES", deletes)
    with warehouse_connection(own_warehouse) as connection:
        connection.execute(
            "insert into catalogue.alerts (kind, cause, severity, message, facts, count,"
            " opened_at, updated_at, resolved_at) values"
            " ('break', 'over', 'error', '', '{}', 1, '2020-01-01', '2020-01-01', '2020-01-02'),"
            " ('break', 'open', 'error', '', '{}', 1, '2020-01-01', '2020-01-01', null)"
        )

    result = CliRunner().invoke(main, ["sweep", *arguments])

    assert result.exit_code == 0, result.output
    line = result.output.splitlines(keepends=True)[-2]
    assert line.startswith("1 alerts, 0 messages to channels and 0 notices are past")
    assert line.endswith(end)
    with warehouse_connection(own_warehouse) as connection:
        assert connection.execute("select count(*) from catalogue.alerts").fetchone() == (left,)
