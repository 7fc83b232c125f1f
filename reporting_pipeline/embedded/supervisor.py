"""The owner of a home's servers: starts them, restarts them when they die, and stops them.

A supervisor is one process with one thread, because the kernel ends the servers together with the
thread that started them. It runs in the foreground (`reporting up`) until a signal stops it, or in
the background (`python -m reporting_pipeline.embedded.supervisor`, started by `attachment`) until
the last process that uses the servers has ended.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import URL

from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    SOURCE_READER,
    WAREHOUSE,
    WAREHOUSE_OWNER,
    Postgres,
    PostgresInstall,
    allow_roles,
    ensure_database,
    ensure_reader,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.embedded.process import LoopbackServer, StopRequest
from reporting_pipeline.embedded.valkey import Valkey, find_valkey
from reporting_pipeline.errors import HomeInUse, ReportingError, ServerFailed
from reporting_pipeline.settings import SOURCE_DOMAINS

_WATCH_SECONDS = 0.1


class Supervisor:
    """The servers of a home, running while the context is open.

    Args:
        home: The home.
        pg_bindir: The folder of REPORTING_PG_BINDIR, if it is set.
        durable: True if a commit also survives a crash of the machine; False is only for tests.
        ownership: The descriptor of the owner's lock, if the caller has taken it already.
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
        """Take ownership of the home and start its servers.

        Raises:
            HomeInUse: The home has a supervisor already.
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
        """Stop the servers and release the home."""
        self._stop()

    def watch(self, is_over: Callable[[], bool]) -> None:
        """Keep the servers running until `is_over`; restart a dead server on its port.

        Raises:
            ServerFailed: A dead server cannot be restarted.
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
                "secrets.json was lost or replaced, restore the former file, or use another "
                "REPORTING_HOME"
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
            ensure_reader(connection, WAREHOUSE_OWNER)
            allow_roles(connection, WAREHOUSE_OWNER)
            ensure_database(connection, WAREHOUSE, WAREHOUSE_OWNER)
            for name in SOURCE_DOMAINS:
                ensure_database(connection, name, SOURCE_OWNER, guests=(SOURCE_READER,))

    def _stop(self) -> None:
        self._home.withdraw()
        while self._servers:
            self._servers.pop().stop()
        while self._descriptors:
            os.close(self._descriptors.pop())


def supervise(supervisor: Supervisor, home: Home) -> None:
    """Run the servers of `home` until no process uses them."""
    stop_request = StopRequest()
    users_lock: list[int] = []

    def is_over() -> bool:
        descriptor = home.end_use()
        if descriptor is not None:
            # Kept until this process ends: a new user waits until the servers have stopped.
            users_lock.append(descriptor)
        return descriptor is not None or stop_request.is_asked()

    with supervisor:
        _report_ready()
        supervisor.watch(is_over)


def _report_ready() -> None:
    """Close standard output, for which the process that started this one waits."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def main(folder: str, pg_bindir: str, durability: str, ownership: str) -> int:
    """Run a supervisor in the background, with the arguments of `attachment`.

    It inherits the owner's lock. If it fails, it writes the error to standard output as JSON;
    otherwise it closes standard output when the servers are ready.
    """
    if os.fork():
        # The process that started this one does not wait for it; init adopts the child.
        os._exit(0)
    try:
        home = Home(Path(folder), server_account())
        supervisor = Supervisor(
            home,
            Path(pg_bindir) if pg_bindir else None,
            durable=durability == "durable",
            ownership=int(ownership),
        )
        supervise(supervisor, home)
    except ReportingError as error:
        sys.stderr.write(f"{error.message}\n")
        json.dump({"error": type(error).__name__, "message": error.message}, sys.stdout)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
