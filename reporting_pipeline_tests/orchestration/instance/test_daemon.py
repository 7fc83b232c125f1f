"""Of two daemons one runs; the second takes over when the first and its program have ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import ServerFailed, WarehouseUnavailable
from reporting_pipeline.orchestration.instance.daemon import daemon_lock, run_while_locked
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import conninfo

# Prints "waits" if another process holds the lock, then the process id of the program that it runs.
_HOLDER = """
import sys
from sqlalchemy import make_url
from reporting_pipeline.orchestration.instance.daemon import daemon_lock, run_while_locked
from reporting_pipeline.settings import child_environment
with daemon_lock(make_url(sys.argv[1]), on_wait=lambda: print("waits", flush=True)) as lock:
    run_while_locked(lock, ["sh", "-c", "echo runs as $$; exec sleep 600"],
        environment=child_environment({}), is_over=lambda: False)
"""


@contextmanager
def holder(storage: URL) -> Iterator[subprocess.Popen[str]]:
    address = storage.render_as_string(hide_password=False)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _HOLDER, address], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_runs_when_the_first_and_its_program_have_ended(
    empty_database_url: URL,
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(holder(empty_database_url))
        program = int(next_line(first).removeprefix("runs as "))
        second = stack.enter_context(holder(empty_database_url))
        assert next_line(second) == "waits"
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert next_line(second).startswith("runs as ")
        assert not Path(f"/proc/{program}/cmdline").exists() or (
            b"sleep" not in Path(f"/proc/{program}/cmdline").read_bytes()
        )


def test_instances_of_one_database_with_schemas_of_their_own_do_not_wait(
    empty_database_url: URL,
) -> None:
    with psycopg.connect(conninfo(empty_database_url)) as connection:
        connection.execute("create schema a; create schema b")
    one, other = (
        empty_database_url.update_query_dict({"options": f"-csearch_path={name}"})
        for name in ("a", "b")
    )

    with daemon_lock(one) as first, daemon_lock(other) as second:
        assert first is not None
        assert second is not None


def test_a_waiting_process_can_give_up(empty_database_url: URL) -> None:
    waits: list[str] = []

    with (
        daemon_lock(empty_database_url),
        daemon_lock(
            empty_database_url, is_over=lambda: bool(waits), on_wait=lambda: waits.append("waits")
        ) as second,
    ):
        assert second is None
    assert waits == ["waits"]


def test_a_program_that_ends_by_itself_is_an_error(empty_database_url: URL) -> None:
    with daemon_lock(empty_database_url) as lock, pytest.raises(ServerFailed, match="with code 3"):
        run_locked(lock, ["sh", "-c", "exit 3"], lambda: False)


_WAITS_FOR_TERM = """
import signal, sys
from pathlib import Path
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
Path(sys.argv[1], "up").touch()
signal.sigwait({signal.SIGTERM})
Path(sys.argv[1], "stopped").write_text("stopped\\n")
"""


def test_a_program_is_asked_to_stop(empty_database_url: URL, tmp_path: Path) -> None:
    program = [sys.executable, "-c", _WAITS_FOR_TERM, str(tmp_path)]

    with daemon_lock(empty_database_url) as lock:
        run_locked(lock, program, (tmp_path / "up").exists)

    assert (tmp_path / "stopped").read_text() == "stopped\n"


def test_a_program_ends_when_the_lock_is_lost(
    empty_database_url: URL, superuser: psycopg.Connection
) -> None:
    asked: list[str] = []

    def lose_the_lock() -> bool:
        if not asked:
            asked.append("once")
            superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [empty_database_url.database],
            )
        return False

    with (
        daemon_lock(empty_database_url) as lock,
        pytest.raises(WarehouseUnavailable, match="holds the daemon's lock is lost"),
    ):
        run_locked(lock, ["sleep", "600"], lose_the_lock)


def run_locked(
    lock: psycopg.Connection | None, argv: list[str], is_over: Callable[[], bool]
) -> None:
    assert lock is not None
    run_while_locked(lock, argv, environment=child_environment({}), is_over=is_over)
