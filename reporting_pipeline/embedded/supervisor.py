"""The one owner of a home's servers: starts them, starts them again when they die, stops them.

A supervisor is one process with one thread, since the kernel ends the servers with the thread that
started them. It runs in the foreground (`reporting up`) until it is told to stop, or behind the
processes that use the servers (`attachment`) until the last of them has ended.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import URL

from reporting_pipeline.embedded.databases import (
    SOURCE_OWNER,
    SOURCE_READER,
    SOURCES,
    WAREHOUSE,
    WAREHOUSE_OWNER,
    ensure_database,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.embedded.postgres import Postgres, PostgresInstall
from reporting_pipeline.embedded.process import LoopbackServer
from reporting_pipeline.embedded.valkey import Valkey, find_valkey
from reporting_pipeline.errors import HomeInUse, ServerFailed

_WATCH_SECONDS = 0.1


class Supervisor:
    """The servers of a home, from `with` to its end.

    Args:
        home: The home.
        pg_bindir: The folder of REPORTING_PG_BINDIR, if it is set.
        durable: Whether a commit survives a crash of the machine too; False is for tests alone.
        ownership: The descriptor of the owner's lock, when it was taken for us already.
    """

    def __init__(
        self,
        home: Home,
        pg_bindir: Path | None,
        *,
        durable: bool = True,
        ownership: int | None = None,
    ) -> None:
        self._home = home
        self._ownership = ownership
        self._pg_bindir = pg_bindir
        self._durable = durable
        self._descriptors: list[int] = []
        self._servers: list[LoopbackServer] = []

    def __enter__(self) -> Self:
        """Take the home and start its servers.

        Raises:
            HomeInUse: It has a supervisor already.
            ServerFailed: A server did not start.
            EnvironmentNotReady: The machine lacks what a server needs.
        """
        if self._ownership is None:
            self._ownership = self._home.take_ownership()
        if self._ownership is None:
            running = self._home.running()
            owner = f"process {running.supervisor_pid}" if running else "another process"
            message = (
                f"the servers of {self._home.folder} are run by {owner}: use them as they are, "
                "stop that process, or set another REPORTING_HOME"
            )
            raise HomeInUse(message)
        self._descriptors.append(self._ownership)
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the servers and free the home."""
        self._stop()

    def watch(self, is_over: Callable[[], bool]) -> None:
        """Keep the servers up until `is_over`; a dead one is started again on its port.

        Raises:
            ServerFailed: A server that died does not start again.
        """
        while not is_over():
            for server in self._servers:
                if not server.process.is_alive():
                    server.start()
            time.sleep(_WATCH_SECONDS)

    def _start(self) -> None:
        postgres, valkey = self._postgres(), self._valkey()
        for server in (postgres, valkey):
            self._servers.append(server)
            server.start()
        try:
            self._make_databases(postgres.url("postgres"))
        except psycopg.OperationalError as error:
            message = (
                f"PostgreSQL of {self._home.folder} refuses its supervisor: {error}; if "
                "secrets.json was lost or replaced, put the former one back, or start anew with "
                "another REPORTING_HOME"
            )
            raise ServerFailed(message) from error
        self.running = Running(
            supervisor_pid=os.getpid(), postgres_port=postgres.port, redis_port=valkey.port
        )
        self._descriptors.append(self._home.announce(self.running))

    def _postgres(self) -> Postgres:
        install = PostgresInstall.find(self._pg_bindir)
        return Postgres(
            install=install.reachable_for(self._home.account, self._home.servers / "bin"),
            folder=self._home.servers / "postgres",
            account=self._home.account,
            password=self._home.secrets().superuser,
            durable=self._durable,
        )

    def _valkey(self) -> Valkey:
        return Valkey(
            binary=find_valkey(),
            folder=self._home.servers / "valkey",
            account=self._home.account,
            password=self._home.secrets().redis,
            durable=self._durable,
        )

    def _make_databases(self, url: URL) -> None:
        secrets = self._home.secrets()
        with superuser_connection(url) as connection:
            ensure_role(connection, WAREHOUSE_OWNER, secrets.warehouse_owner)
            ensure_role(connection, SOURCE_OWNER, secrets.source_owner)
            ensure_role(connection, SOURCE_READER, secrets.source_reader)
            ensure_database(connection, WAREHOUSE, WAREHOUSE_OWNER)
            for name in SOURCES:
                ensure_database(connection, name, SOURCE_OWNER, guests=(SOURCE_READER,))

    def _stop(self) -> None:
        self._home.withdraw()
        while self._servers:
            self._servers.pop().stop()
        while self._descriptors:
            os.close(self._descriptors.pop())


class StopRequest:
    """Whether a signal has asked this process to stop; made in the main thread."""

    def __init__(self) -> None:
        self._is_asked = False
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, lambda *_: self._ask())

    def is_asked(self) -> bool:
        """Whether this process shall stop."""
        return self._is_asked

    def _ask(self) -> None:
        self._is_asked = True
