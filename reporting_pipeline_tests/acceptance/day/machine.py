"""A machine with a simulated clock: PostgreSQL, the databases and Dagster's daemon."""

import json
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy import URL

from reporting_pipeline.building.relations import migrate
from reporting_pipeline.embedded.account import Account, private_folder
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    WAREHOUSE_OWNER,
    Postgres,
    PostgresInstall,
    create_database,
    ensure_reader,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.embedded.process import die_with_parent
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings, child_environment
from reporting_pipeline_tests.acceptance.day.clock import SimulatedClock
from reporting_pipeline_tests.architecture.repository import ROOT

_PASSWORD = secrets.token_urlsafe()
_DAEMON = "reporting_pipeline_tests.acceptance.day.daemon"
# The interval of the slowest sensor, so that all sensors evaluate in each round.
_ROUND = timedelta(minutes=1)
_MAX_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine; its daemon runs only while `daemon` is open.

    Attributes:
        log: The log of the daemon.
    """

    clock: SimulatedClock
    postgres: Postgres
    folder: Path
    log: Path

    def url(self, database: str, user: str = WAREHOUSE_OWNER) -> URL:
        """The address of a database: warehouse, dagster or sources."""
        return self.postgres.url(database, user, _PASSWORD)

    def reader_url(self, domain: str) -> URL:
        """The address of a source domain, with its own role that can only read."""
        return self.url("sources", _reader(domain))

    def settings(self, **values: object) -> Settings:
        """The settings of the pipeline on this machine, and further ones."""
        sources = {f"source_{each}_url": _text(self.reader_url(each)) for each in SOURCE_DOMAINS}
        return Settings.model_validate(
            {
                "home": self.folder / "home",
                "database_url": _text(self.url("warehouse")),
                "dagster_url": _with_psycopg2(self.url("dagster")),
                "store_url": str(self.folder / "store"),
                **sources,
                **values,
            }
        )

    def cut_off(self, domain: str) -> None:
        """Make a source refuse its reader."""
        with superuser_connection(self.postgres.url("sources")) as connection:
            connection.execute(f'alter role "{_reader(domain)}" nologin'.encode())

    def restore(self, domain: str) -> None:
        """Make a source accept its reader again."""
        with superuser_connection(self.postgres.url("sources")) as connection:
            connection.execute(f'alter role "{_reader(domain)}" login'.encode())

    def warehouse(self) -> psycopg.Connection[Any]:
        """A session in the warehouse; each statement is its own transaction."""
        return _session(self.url("warehouse"))

    def dagster(self) -> psycopg.Connection[Any]:
        """A session in Dagster's storage."""
        return _session(self.url("dagster"))

    @contextmanager
    def daemon(self, settings: Settings) -> Iterator["Daemon"]:
        """Run the daemon with these settings while the context is open."""
        with (
            self.log.open("a", encoding="utf-8") as log,
            subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", _DAEMON, str(self.clock.folder)],
                env=child_environment(
                    {
                        **self.clock.environment,
                        **_environment(settings),
                        "DAGSTER_HOME": str(_dagster_home(self.folder / "dagster")),
                    }
                ),
                cwd=ROOT,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one thread
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            try:
                daemon = Daemon(machine=self, process=process)
                daemon.read_answer()
                yield daemon
            finally:
                process.kill()


@dataclass(slots=True, kw_only=True)
class Daemon:
    """A running daemon.

    Attributes:
        answers: Its result after each round.
    """

    machine: Machine
    process: subprocess.Popen[str]
    answers: list[dict[str, Any]] = field(default_factory=list)

    def run_round(self) -> None:
        """Run each loop of the daemon once."""
        assert self.process.stdin is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        self.read_answer()

    def work(self, *, max_rounds: int = _MAX_ROUNDS) -> None:
        """Run a round every minute until the daemon is idle."""
        for _ in range(max_rounds):
            before = self.answers[-1]["runs"]
            self.run_round()
            after = self.answers[-1]
            if (after["runs"], after["unfinished"]) == (before, 0):
                return
            self.machine.clock.put_forward(_ROUND)
        raise AssertionError(
            f"the daemon does not become idle; its last answer is {self.answers[-1]}"
        )

    def read_answer(self) -> None:
        """Read and keep the result of a round."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            end = self.machine.log.read_text("utf-8", "replace")[-4000:]
            raise AssertionError(f"the daemon has ended:\n{end}")
        self.answers.append(json.loads(line))


@contextmanager
def machine(folder: Path, account: Account, begins_at: datetime, log: Path) -> Iterator[Machine]:
    """A machine with empty databases, which is stopped at the end.

    Args:
        folder: A new folder, beside copies of the servers' binaries if their account needs them.
        account: The account of its PostgreSQL server.
        begins_at: The first time of its clock.
        log: The log of its daemon.
    """
    clock = SimulatedClock.made(private_folder(folder, account))
    clock.put(begins_at)
    install = PostgresInstall.find(Settings.from_environment().pg_bindir)
    server = Postgres(
        install=_by_clock(install.reachable_for(account, folder.parent / "bin"), clock),
        folder=folder / "postgres",
        account=account,
        password=_PASSWORD,
        durable=False,
    )
    server.start()
    try:
        _make_databases(server)
        yield Machine(clock=clock, postgres=server, folder=folder, log=log)
    finally:
        server.stop()


def _by_clock(install: PostgresInstall, clock: SimulatedClock) -> PostgresInstall:
    """The installation, with a server that uses the clock."""
    place = clock.folder / "bin"
    place.mkdir()
    variables = shlex.join(f"{name}={value}" for name, value in clock.environment.items())
    server = place / "postgres"
    server.write_text(f'#!/bin/sh\nexec env {variables} {install.bin / "postgres"} "$@"\n', "utf-8")
    server.chmod(0o755)
    (place / "initdb").symlink_to(install.bin / "initdb")
    return PostgresInstall(bin=place, major=install.major)


def _make_databases(server: Postgres) -> None:
    with superuser_connection(server.url("postgres")) as connection:
        for role in (WAREHOUSE_OWNER, SOURCE_OWNER, *map(_reader, SOURCE_DOMAINS)):
            ensure_role(connection, role, _PASSWORD)
        ensure_reader(connection, WAREHOUSE_OWNER)
        for name, owner in (
            ("warehouse", WAREHOUSE_OWNER),
            ("dagster", WAREHOUSE_OWNER),
            ("sources", SOURCE_OWNER),
        ):
            create_database(connection, name, owner)
    migrate(server.url("warehouse", WAREHOUSE_OWNER, _PASSWORD))
    dagster = _with_psycopg2(server.url("dagster", WAREHOUSE_OWNER, _PASSWORD))
    storage = DagsterPostgresStorage(dagster, should_autocreate_tables=True)
    for each in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        each.dispose()
    with superuser_connection(server.url("sources")) as connection:
        for domain in SOURCE_DOMAINS:
            connection.execute(f'grant pg_read_all_data to "{_reader(domain)}"'.encode())


def _dagster_home(folder: Path) -> Path:
    """The delivered DAGSTER_HOME, but without threads, and with runs in the daemon's process."""
    folder.mkdir(exist_ok=True)
    delivered = yaml.safe_load((ROOT / "dagster.yaml").read_text("utf-8"))
    ours = {
        "schedules": {"use_threads": False},
        "sensors": {"use_threads": False},
        "backfills": {"use_threads": False},
        "run_launcher": {
            "module": "dagster._core.launcher.sync_in_memory_run_launcher",
            "class": "SyncInMemoryRunLauncher",
        },
    }
    # Each sensor opens the storage, and its tables exist already.
    delivered["storage"]["custom"]["config"]["should_autocreate_tables"] = False
    (folder / "dagster.yaml").write_text(yaml.safe_dump(delivered | ours), "utf-8")
    return folder


def _environment(settings: Settings) -> Mapping[str, str]:
    """The settings that are not defaults, as environment variables."""
    found = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        found[f"REPORTING_{name.upper()}"] = text
    return found


def _reader(domain: str) -> str:
    return f"{domain}_reader"


def _with_psycopg2(url: URL) -> str:
    return _text(url.set(drivername="postgresql+psycopg2"))


def _session(url: URL) -> psycopg.Connection[Any]:
    info = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(info, autocommit=True)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
