"""One server as a child process: started in the foreground, dying with us, and surely gone after.

A server inherits an open, locked file. The kernel frees that lock when the last process of the
server has ended, however it ended: so holding it proves that no former instance is still writing.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.errors import ServerFailed

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.02
_PORT_ATTEMPTS = 5
_PATIENCE_SECONDS = 2
_LOG_TAIL_LINES = 8
_LOG_LIMIT_BYTES = 10_000_000

# Loaded here and not in the child, where little may be done between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# The servers get nothing of our environment: it may hold secrets, and they need none of it.
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class ServerProcess:
    """A server process with its log and its lock.

    Args:
        name: What it is called in messages.
        folder: The private folder of the server; log and lock lie in it.
        account: The account that it runs as.
        stop_signals: Signals that end it, the gentlest first.
    """

    def __init__(
        self, name: str, folder: Path, account: Account, stop_signals: Sequence[signal.Signals]
    ) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / "server.log"
        self._account = account
        self._stop_signals = (*stop_signals, signal.SIGKILL)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the running process; None before the start and after the stop."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        is_ready: Callable[[], bool],
        before: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] = SERVER_ENVIRONMENT,
        timeout_seconds: float = 60,
    ) -> None:
        """Start `argv` and wait until `is_ready`; `before` runs once no former instance does.

        Raises:
            ServerFailed: A former instance does not go, it ended, or was not ready in time.
        """
        self.stop()
        lock = self._take_lock(timeout_seconds)
        try:
            before()
            self._spawn(argv, lock, environment)
        finally:
            os.close(lock)
        deadline = time.monotonic() + timeout_seconds
        while not is_ready():
            if not self.is_alive() or time.monotonic() > deadline:
                ended = "ended at once" if not self.is_alive() else "was not ready in time"
                self.stop()
                raise ServerFailed(f"{self.name} {ended}; end of {self.log}:\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, timeout_seconds: float = 20) -> None:
        """End the process, gently first; does nothing if it does not run."""
        if self._process is None:
            return
        for each in self._stop_signals:
            if self._process.poll() is not None:
                break
            self._process.send_signal(each)
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def log_tail(self) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def _take_lock(self, timeout_seconds: float) -> int:
        """The server's lock, once every process of a former instance has ended."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self.folder / "server.lock", flags, 0o600)
        begun = time.monotonic()
        is_told = False
        while not _try_lock(descriptor):
            waited = time.monotonic() - begun
            if waited > timeout_seconds:
                os.close(descriptor)
                message = (
                    f"a former {self.name} in {self.folder} is still running after "
                    f"{timeout_seconds:g} seconds: end that process, then try again"
                )
                raise ServerFailed(message)
            if waited > _PATIENCE_SECONDS and not is_told:
                is_told = True
                self._tell_former(descriptor)
            time.sleep(_POLL_SECONDS)
        return descriptor

    def _tell_former(self, descriptor: int) -> None:
        """Tell a former instance to stop: where no kernel ends it with its parent, it lives on."""
        written = os.pread(descriptor, 20, 0)
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(written), self._stop_signals[0])

    def _spawn(self, argv: Sequence[str | Path], lock: int, environment: Mapping[str, str]) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        with os.fdopen(os.open(self.log, flags, 0o600), "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own binary and arguments
                [str(each) for each in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                pass_fds=(lock,),
                # Ctrl-C in the terminal is for us; we stop the servers in order.
                start_new_session=True,
                preexec_fn=die_with_parent(self._stop_signals[0]),  # noqa: PLW1509 - one thread
                env=environment,
                umask=0o077,
                user=self._account.child_uid,
                group=self._account.child_gid,
                extra_groups=self._account.child_groups,
            )
        os.truncate(lock, 0)
        os.pwrite(lock, str(self._process.pid).encode(), 0)


class LoopbackServer(ABC):
    """A server on a loopback port: chosen free at the first start, and kept from then on.

    Args:
        process: Its process.
        port_taken: What its log says when the port is somebody else's.
    """

    def __init__(self, process: ServerProcess, port_taken: str) -> None:
        self.process = process
        self._port_taken = port_taken
        self._port: int | None = None

    @property
    def port(self) -> int:
        """The port; only a server that was started has one."""
        if self._port is None:
            raise RuntimeError(f"{self.process.name} has not been started")
        return self._port

    def start(self) -> None:
        """Start the server, on its former port if it has run before.

        Raises:
            ServerFailed: It did not start; the message ends with its log.
        """
        attempts = 1 if self._port is not None else _PORT_ATTEMPTS
        for attempt in range(1, attempts + 1):
            port = self._port or free_port()
            try:
                self._start_on(port)
            except ServerFailed:
                # Somebody may have taken the port between our look and the server's start.
                if attempt == attempts or self._port_taken not in self.process.log_tail():
                    raise
            else:
                self._port = port
                return

    def stop(self) -> None:
        """Stop the server; what it has acknowledged is kept."""
        self.process.stop()

    @abstractmethod
    def _start_on(self, port: int) -> None:
        """Start the server on `port` and wait until it answers."""


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes the program: ask the kernel to end it with its parent.

    Linux only. Elsewhere a killed parent leaves its servers behind, and the next start ends them.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
