"""Using the servers of a home: attach to its supervisor, or start one behind us first.

The servers stay up as long as one process uses them. The use is a lock of the kernel's, so a killed
process counts no more. It passes to the program that this process becomes (`hand_over`), and to the
children that inherit the descriptor.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline import errors
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.errors import ReportingError, ServerFailed

_POLL_SECONDS = 0.02
_TIMEOUT_SECONDS = 120


class Attachment:
    """The use of a home's running servers."""

    def __init__(self, running: Running, descriptor: int) -> None:
        self.running = running
        self._descriptor = descriptor

    def hand_over(self) -> None:
        """Let the program that this process becomes, and its children, hold the use."""
        os.set_inheritable(self._descriptor, True)


@contextmanager
def attached(
    home: Home, pg_bindir: Path | None = None, *, durable: bool = True
) -> Iterator[Attachment]:
    """Use the servers of `home`, started when nobody runs them.

    Args:
        home: The home.
        pg_bindir: The folder of REPORTING_PG_BINDIR, if it is set.
        durable: Whether a commit survives a crash of the machine too; False is for tests alone.

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
                f"the supervisor of {home.folder} has not had its servers ready for "
                f"{_TIMEOUT_SECONDS} seconds: see {home.folder / 'supervisor.log'}"
            )
            raise ServerFailed(message)
        else:
            time.sleep(_POLL_SECONDS)
    return running


def _start_supervisor(home: Home, arguments: Sequence[str], ownership: int) -> None:
    """Start a supervisor behind us, give it the owner's lock, and wait until it is ready."""
    argv = [sys.executable, "-m", "reporting_pipeline.embedded", *arguments, str(ownership)]
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
            # Ctrl-C in the terminal is for us: the servers go when the last user has gone.
            start_new_session=True,
            check=False,
        )
    if done.stdout:
        found = json.loads(done.stdout)
        kind: type[ReportingError] = getattr(errors, found["error"])
        raise kind(found["message"])
    if home.running() is None:
        raise ServerFailed(f"the supervisor of {home.folder} ended at once: see {log_path}")
