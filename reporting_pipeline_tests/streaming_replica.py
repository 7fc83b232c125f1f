"""Fixtures: a PostgreSQL server with a season, and a standby that streams from it."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.account import Account, private_folder
from reporting_pipeline.embedded.postgres import (
    WAREHOUSE_OWNER,
    Postgres,
    create_database,
    drop_database,
    ensure_reader,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_NAME = "season"
_REPLICATION = "host replication all 127.0.0.1/32 scram-sha-256\n"
_POSITION = "select pg_current_wal_insert_lsn()::text"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A primary and its standby, each with the season.

    Attributes:
        warehouse: The warehouse on the primary.
        replica: The same database on the standby.
        standby: The superuser's connection to the standby.
    """

    primary: Postgres
    warehouse: URL
    replica: URL
    standby: psycopg.Connection

    def catch_up(self) -> None:
        """Wait until the standby has replayed everything that the primary has written."""
        # A row of our own comes after everything else in the log, and wakes its sender.
        with superuser_connection(self.primary.url(_NAME)) as connection:
            connection.execute("select pg_logical_emit_message(true, 'test', '')")
            [(position,)] = connection.execute(_POSITION).fetchall()
            connection.execute("select pg_logical_emit_message(true, 'test', '')")
        statement = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        while self.standby.execute(statement, (position,)).fetchone() != (True,):
            pass

    def pause(self) -> None:
        """Stop the replay; the standby answers with what it has."""
        self.standby.execute("select pg_wal_replay_pause()")
        statement = "select pg_get_wal_replay_pause_state()"
        while self.standby.execute(statement).fetchone() != ("paused",):
            pass

    def resume(self) -> None:
        """Let the replay go on."""
        self.standby.execute("select pg_wal_replay_resume()")


@pytest.fixture(scope="session")
def _primary(postgres: Postgres, account: Account, servers_folder: Path) -> Iterator[Postgres]:
    """A second server: the log of the first one is too short for a standby."""
    server = Postgres(
        install=postgres.install,
        folder=servers_folder / "primary",
        account=account,
        password=str(postgres.url("postgres").password),
    )
    server.start()
    with superuser_connection(server.url("postgres")) as connection:
        ensure_role(connection, WAREHOUSE_OWNER, str(server.url("postgres").password))
        ensure_reader(connection, WAREHOUSE_OWNER)
        with (server.cluster / "pg_hba.conf").open("a") as file:
            file.write(_REPLICATION)
        # The log is in memory, and each test writes a database into it.
        connection.execute("alter system set min_wal_size = '32MB'")
        connection.execute("alter system set max_wal_size = '128MB'")
        connection.execute("select pg_reload_conf()")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _standby(_primary: Postgres, account: Account, servers_folder: Path) -> Iterator[Postgres]:
    server = Postgres(
        install=_primary.install,
        folder=servers_folder / "standby",
        account=account,
        password=str(_primary.url("postgres").password),
    )
    private_folder(server.cluster, account)
    subprocess.run(  # noqa: S603 - our own binary
        [
            *(_primary.install.bin / "pg_basebackup", "--pgdata", server.cluster),
            *("--dbname", conninfo(_primary.url("postgres")), "--write-recovery-conf"),
            *("--checkpoint", "fast", "--wal-method", "stream", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        cwd=servers_folder,
        user=account.child_uid,
        group=account.child_gid,
        extra_groups=account.child_groups,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pair(
    _primary: Postgres, _standby: Postgres, shared_season_pipeline: Pipeline
) -> Iterator[Pair]:
    """The season on a primary and on its standby, which has replayed everything."""
    warehouse = _primary.url(_NAME, WAREHOUSE_OWNER)
    with superuser_connection(_primary.url("postgres")) as connection:
        create_database(connection, _NAME, WAREHOUSE_OWNER)
    _copy(_primary, shared_season_pipeline.warehouse, warehouse)
    with superuser_connection(_standby.url("postgres")) as standby:
        found = Pair(
            primary=_primary,
            warehouse=warehouse,
            replica=_standby.url(_NAME, WAREHOUSE_OWNER),
            standby=standby,
        )
        found.catch_up()
        yield found
        found.resume()
    with superuser_connection(_primary.url("postgres")) as connection:
        drop_database(connection, _NAME)


def _copy(server: Postgres, source: URL, target: URL) -> None:
    dump = subprocess.run(  # noqa: S603 - our own binary
        [
            *(server.install.bin / "pg_dump", "--no-owner", "--enable-row-security"),
            *("--dbname", conninfo(source)),
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(  # noqa: S603 - our own binary
        [
            *(server.install.bin / "psql", "--quiet", "--no-psqlrc"),
            *("--set", "ON_ERROR_STOP=1", "--dbname", conninfo(target)),
        ],
        input=dump.stdout,
        check=True,
        capture_output=True,
    )
    with warehouse_connection(target) as connection:
        connection.execute("analyze")
