"""A command's session: the servers that it starts and the variables that it sets."""

import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline import project_file
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings, child_environment, set_environment
from reporting_pipeline.warehouse.engine import conninfo


def test_every_address_is_set_and_leads_to_the_home(running_home: Home) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with session() as settings:
        found = {
            settings.warehouse_url().database: settings.warehouse_url().username,
            **{
                settings.source_url(domain).database: settings.source_url(domain).username
                for domain in SOURCE_DOMAINS
            },
        }
        assert found == {
            "reporting": "reporting",
            **dict.fromkeys(SOURCE_DOMAINS, "source_reader"),
        }
        assert settings.source_admin_url("ledger").username == "source_owner"
        assert settings.store_address() == str(running_home.folder / "store")
        assert settings.dagster_storage_url().drivername == "postgresql+psycopg2"
        assert child_environment({})["DAGSTER_HOME"] == str(running_home.folder / "dagster")


def test_the_warehouse_has_the_schema_of_this_version_and_of_dagster(
    running_home: Home,
) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with (
        session() as settings,
        psycopg.connect(conninfo(settings.warehouse_url())) as connection,
    ):
        rows = connection.execute(
            "select nspname from pg_namespace where nspname in ('landing', 'reporting', 'dagster')"
        ).fetchall()

    assert sorted(rows) == [("dagster",), ("landing",), ("reporting",)]


def test_the_reader_of_a_source_may_not_write(running_home: Home) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with (
        session() as settings,
        psycopg.connect(conninfo(settings.source_url("ledger"))) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("create schema ledger")


def test_folders_of_files_and_of_dagster_are_private(running_home: Home) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with session():
        modes = {
            name: stat.S_IMODE((running_home.folder / name).stat().st_mode)
            for name in ("store", "dagster")
        }

    assert modes == {"store": 0o700, "dagster": 0o700}


def test_variables_that_are_set_are_not_changed(running_home: Home) -> None:
    set_environment(
        {
            "REPORTING_HOME": str(running_home.folder),
            "REPORTING_STORE_URL": "s3://files",
            "REPORTING_SOURCE_LEDGER_URL": "postgresql://reader@production/ledger",
        }
    )

    with session() as settings:
        assert settings.store_address() == "s3://files"
        assert settings.source_url("ledger").host == "production"
        assert settings.source_url("ticketing").host == "127.0.0.1"


def test_a_source_that_is_set_never_gets_the_local_owners_address(running_home: Home) -> None:
    """Otherwise `sources load` would fill the local database while `land` reads the other one."""
    set_environment(
        {
            "REPORTING_HOME": str(running_home.folder),
            "REPORTING_SOURCE_LEDGER_URL": "postgresql://reader@production/ledger",
        }
    )

    with session() as settings:
        assert settings.source_ledger_admin_url is None
        assert settings.source_ticketing_admin_url is not None


def test_no_local_server_is_started_when_the_warehouse_is_set(
    empty_database_url: URL, tmp_path: Path
) -> None:
    set_environment(
        {"REPORTING_HOME": str(tmp_path), "REPORTING_DATABASE_URL": conninfo(empty_database_url)}
    )

    with session() as settings:
        limited = {"options": "-c lock_timeout=1800s"}
        assert settings.warehouse_url() == empty_database_url.update_query_dict(limited)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dagster", "lake", "store"]


def test_home_is_absolute_for_programs_that_run_elsewhere(
    warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    set_environment({"REPORTING_DATABASE_URL": conninfo(warehouse_url)})

    with session():
        assert Settings.from_environment().home == tmp_path / ".reporting"


def test_sessions_that_begin_at_the_same_time_find_all_of_dagsters_configuration(
    warehouse_url: URL, tmp_path: Path
) -> None:
    """Dagster takes an empty file for SQLite, and the run is lost for all others."""
    reporting = Path(sys.executable).parent / "reporting"
    environment = child_environment(
        {"REPORTING_HOME": str(tmp_path), "REPORTING_DATABASE_URL": conninfo(warehouse_url)}
    )
    started = [
        subprocess.Popen(  # noqa: S603 - our own command
            [reporting, "exec", "--", "sh", "-c", 'cat "$DAGSTER_HOME/dagster.yaml"'],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    found = [(*each.communicate(timeout=60), each.returncode) for each in started]

    assert found == [(project_file("dagster.yaml").read_bytes(), b"", 0)] * 4
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        assert connection.execute("select to_regnamespace('dagster')::text").fetchone() == (
            "dagster",
        )


def test_the_configuration_of_a_former_version_is_replaced_and_that_of_this_one_left(
    warehouse_url: URL, tmp_path: Path
) -> None:
    set_environment(
        {"REPORTING_HOME": str(tmp_path), "REPORTING_DATABASE_URL": conninfo(warehouse_url)}
    )
    file = tmp_path / "dagster" / "dagster.yaml"
    file.parent.mkdir()
    file.write_text("telemetry: {enabled: true}")

    written_at = []
    for _ in range(2):
        with session():
            written_at.append(file.stat().st_mtime_ns)
            assert file.read_bytes() == project_file("dagster.yaml").read_bytes()

    assert written_at[0] == written_at[1]
    assert [path.name for path in file.parent.iterdir()] == ["dagster.yaml"]
