"""`reporting sweep`, as an operator runs it."""

import os
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection


@pytest.fixture
def staged(own_warehouse: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a killed writer left years ago, in the store that the settings name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "store" / ".staging" / "0123"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    os.utime(path, (1e9, 1e9))
    return path


@pytest.mark.parametrize(
    ("arguments", "done", "stays"),
    [(["--dry-run"], "would be removed", True), ([], "are removed", False)],
)
def test_what_a_killed_process_left_is_listed_and_removed(
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


@pytest.mark.parametrize(
    ("deletes", "arguments", "end", "left"),
    [
        ("false", [], "0 of them are deleted; REPORTING_RETENTION_DELETES is not set\n", 2),
        ("true", ["--dry-run"], "0 of them are deleted\n", 2),
        ("true", [], "1 of them are deleted\n", 1),
    ],
)
@pytest.mark.usefixtures("staged")
def test_alerts_that_are_over_are_deleted_only_if_a_setting_says_so(
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
    told = result.output.splitlines(keepends=True)[-2]
    assert told.startswith("1 alerts, 0 messages to channels and 0 notices are past")
    assert told.endswith(end)
    with warehouse_connection(own_warehouse) as connection:
        assert connection.execute("select count(*) from catalogue.alerts").fetchone() == (left,)
