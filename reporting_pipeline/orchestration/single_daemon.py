"""One daemon per Dagster instance: the daemon runs while this process holds a lock of PostgreSQL.

Two daemons tick twice. So a daemon is the child of a process that holds the lock in the storage of
the instance; who comes second waits, and takes over when the first has gone. The child ends with
its parent, and the parent ends the child as soon as it no longer has the lock.

What belongs here: the lock, and a program's life under it. What does not: which program, Dagster.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.embedded.process import die_with_parent
from reporting_pipeline.errors import ServerFailed, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import conninfo

_POLL_SECONDS = 0.5
# Instances that share a database have schemas of their own, which the address names.
_LOCK_IF_FREE = (
    "select pg_try_advisory_lock("
    "hashtextextended('dagster daemon ' || current_schemas(false)::text, 0))"
)
_STOP_SECONDS = 30


@contextmanager
def daemon_lock(
    storage: URL,
    *,
    is_over: Callable[[], bool] = lambda: False,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[Connection[Any] | None]:
    """Hold the lock of the instance, after whoever has it.

    Args:
        storage: Where Dagster stores its runs and ticks; a session there, not a pooled transaction.
        is_over: Whether to wait no longer.
        on_wait: Called once, if somebody else has the lock.

    Yields:
        The session that holds it; None if waiting was given up.

    Raises:
        WarehouseUnavailable: Dagster's storage cannot be reached.
    """
    try:
        connection = psycopg.connect(
            conninfo(storage),
            autocommit=True,
            connect_timeout=10,
            # A lost network is noticed here within 15 seconds, earlier than by the server.
            keepalives_idle=5,
            keepalives_interval=3,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )
    except psycopg.OperationalError as error:
        message = (
            f"Dagster's storage at {storage.host}:{storage.port}/{storage.database} cannot be "
            f"reached: {error}; check REPORTING_DAGSTER_URL and that the server is up"
        )
        raise WarehouseUnavailable(message) from error
    with connection:
        is_waiting = False
        while not is_over():
            if _holds(connection, _LOCK_IF_FREE):
                yield connection
                return
            if not is_waiting:
                is_waiting = True
                on_wait()
            time.sleep(_POLL_SECONDS)
        yield None


def run_while_locked(
    connection: Connection[Any],
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    is_over: Callable[[], bool],
) -> None:
    """Run a program until `is_over`; the connection is the one that holds the lock.

    Raises:
        ServerFailed: The program ended by itself.
        WarehouseUnavailable: The lock is lost; the program was ended at once.
    """
    with subprocess.Popen(  # noqa: S603 - our own program
        argv,
        stdin=subprocess.DEVNULL,
        # Ctrl-C in the terminal is for us; we stop the program.
        start_new_session=True,
        # At once: as soon as we are gone somebody else has the lock.
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one thread
        env=environment,
    ) as program:
        try:
            while not is_over():
                if program.poll() is not None:
                    message = (
                        f"{argv[0]} ended by itself with code {program.returncode}; start again"
                    )
                    raise ServerFailed(message)
                _require_lock(connection)
                time.sleep(_POLL_SECONDS)
            program.send_signal(signal.SIGTERM)
            program.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            program.kill()


def _require_lock(connection: Connection[Any]) -> None:
    try:
        _holds(connection, "select true")
    except psycopg.OperationalError as error:
        message = (
            f"the session that holds the daemon's lock is lost: {error}; the daemon was ended, "
            "since another one may run now: start it again"
        )
        raise WarehouseUnavailable(message) from error


def _holds(connection: Connection[Any], statement: str) -> bool:
    [(answer,)] = connection.execute(statement.encode()).fetchall()
    return bool(answer)
