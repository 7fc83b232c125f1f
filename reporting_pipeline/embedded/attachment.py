"""Using the servers of a home: attach to its supervisor, or start one in the background first.

The servers run as long as a process uses them. The use is a lock of the kernel, so it ends when the
process is killed. It passes to the program that this process becomes (`hand_over`), and to child
processes that inherit the descriptor.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from reporting_pipeline import errors
from reporting_pipeline.addresses import address_text
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    SOURCE_READER,
    WAREHOUSE,
    WAREHOUSE_OWNER,
)
from reporting_pipeline.errors import ReportingError, ServerFailed
from reporting_pipeline.settings import SOURCE_DOMAINS

_POLL_SECONDS = 0.02
_TIMEOUT_SECONDS = 120


class Attachment:
    """The use of a home's running servers."""

    def __init__(self, running: Running, descriptor: int) -> None:
        self.running = running
        self._descriptor = descriptor

    def hand_over(self) -> None:
        """Pass the use to the program that this process becomes, and to its children."""
        os.set_inheritable(self._descriptor, True)


@contextmanager
def attached(
    home: Home, pg_bindir: Path | None = None, *, durable: bool = True
) -> Iterator[Attachment]:
    """Use the servers of `home`; start them if they do not run.

    Args:
        home: The home.
        pg_bindir: The folder of REPORTING_PG_BINDIR, if it is set.
        durable: True if a commit also survives a crash of the machine; False is only for tests.

    Raises:
        ServerFailed: A server did not start.
        EnvironmentNotReady: The machine lacks what a server needs.
    """
    arguments = (str(home.folder), str(pg_bindir or ""), "durable" if durable else "throwaway")
    descriptor = home.begin_use()
    try:
        yield Attachment(_running(home, arguments), descriptor)
    finally:
        os.close(descriptor)


def server_addresses(home: Home, running: Running) -> dict[str, str]:
    """Environment variable -> address, with its password, of each server of `home`."""
    secrets = home.secrets()

    def database(name: str, user: str, password: str) -> str:
        url = URL.create("postgresql", user, password, "127.0.0.1", running.postgres_port, name)
        return address_text(url)

    found = {
        "REPORTING_DATABASE_URL": database(WAREHOUSE, WAREHOUSE_OWNER, secrets.warehouse_owner),
        "REPORTING_REDIS_URL": f"redis://:{secrets.redis}@127.0.0.1:{running.redis_port}/0",
        "REPORTING_CELERY_URL": f"redis://:{secrets.redis}@127.0.0.1:{running.redis_port}/1",
    }
    for name in SOURCE_DOMAINS:
        variable = f"REPORTING_SOURCE_{name.upper()}"
        found[f"{variable}_URL"] = database(name, SOURCE_READER, secrets.source_reader)
        found[f"{variable}_ADMIN_URL"] = database(name, SOURCE_OWNER, secrets.source_owner)
    return found


def _running(home: Home, arguments: Sequence[str]) -> Running:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while (running := home.running()) is None:
        ownership = home.take_ownership()
        if ownership is not None:
            try:
                _start_supervisor(home, arguments, ownership)
            finally:
                os.close(ownership)
        elif time.monotonic() > deadline:
            message = (
                f"the supervisor of {home.folder} did not start its servers in "
                f"{_TIMEOUT_SECONDS} seconds: see {home.folder / 'supervisor.log'}"
            )
            raise ServerFailed(message)
        else:
            time.sleep(_POLL_SECONDS)
    return running


def _start_supervisor(home: Home, arguments: Sequence[str], ownership: int) -> None:
    """Start a supervisor in the background with the owner's lock; wait until it is ready."""
    argv = [
        sys.executable,
        "-m",
        "reporting_pipeline.embedded.supervisor",
        *arguments,
        str(ownership),
    ]
    log_path = home.folder / "supervisor.log"
    with log_path.open("ab") as log:
        log_path.chmod(0o600)
        done = subprocess.run(  # noqa: S603 - our own module and arguments
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=home.folder,
            pass_fds=(ownership,),
            # Ctrl-C in the terminal must not reach it: the servers stop after their last user.
            start_new_session=True,
            check=False,
        )
    if done.stdout:
        found = json.loads(done.stdout)
        kind: type[ReportingError] = getattr(errors, found["error"])
        raise kind(found["message"])
    if home.running() is None:
        raise ServerFailed(f"the supervisor of {home.folder} ended immediately: see {log_path}")
