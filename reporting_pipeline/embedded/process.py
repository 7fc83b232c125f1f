"""One server as a child process: it runs in the foreground and ends with its parent.

A server inherits an open, locked file. The kernel releases the lock when the last process of the
server has ended, even if it was killed. So holding the lock proves that no earlier instance is
still writing.
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
_STOP_POLL_SECONDS = 0.5
_PORT_ATTEMPTS = 5
_PATIENCE_SECONDS = 2
_LOG_TAIL_LINES = 8
_LOG_LIMIT_BYTES = 10_000_000

# Loaded here, because little is safe in the child between fork and exec.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

# The servers do not inherit our environment: it can contain secrets, and they do not need it.
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class ServerProcess:
    """A server process with its log and its lock.

    Args:
        name: The name in messages.
        folder: The private folder of the server, with its log and lock.
        account: The account of the process.
        stop_signals: Signals that stop it, the mildest first.
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
        """The id of the running process; None before it starts and after it stops."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """True if the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        is_ready: Callable[[], bool],
        before: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = SERVER_ENVIRONMENT,
        timeout_seconds: float = 60,
    ) -> None:
        """Start `argv` and wait until `is_ready`; call `before` when no earlier instance runs.

        Without an `environment` it inherits ours.

        Raises:
            ServerFailed: An earlier instance does not end, or the process ended or was not ready
                in time.
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
                ended = "ended immediately" if not self.is_alive() else "was not ready in time"
                self.stop()
                raise ServerFailed(f"{self.name} {ended}; end of {self.log}:\n{self.log_tail()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, timeout_seconds: float = 20) -> None:
        """Stop the process, with the mildest signal first; do nothing if it does not run."""
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
        """The server's lock, after every process of an earlier instance has ended."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self.folder / "server.lock", flags, 0o600)
        begun = time.monotonic()
        is_signalled = False
        while not _try_lock(descriptor):
            waited = time.monotonic() - begun
            if waited > timeout_seconds:
                os.close(descriptor)
                message = (
                    f"an earlier {self.name} in {self.folder} is still running after "
                    f"{timeout_seconds:g} seconds: end that process, then try again"
                )
                raise ServerFailed(message)
            if waited > _PATIENCE_SECONDS and not is_signalled:
                is_signalled = True
                self._stop_former(descriptor)
            time.sleep(_POLL_SECONDS)
        return descriptor

    def _stop_former(self, descriptor: int) -> None:
        """Signal an earlier instance to stop: only on Linux the kernel ends it with its parent."""
        written = os.pread(descriptor, 20, 0)
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(written), self._stop_signals[0])

    def _spawn(
        self, argv: Sequence[str | Path], lock: int, environment: Mapping[str, str] | None
    ) -> None:
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
                # Ctrl-C in the terminal must not reach the servers: we stop them in order.
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
    """A server on a free loopback port, which is chosen at the first start and then kept.

    Args:
        process: Its process.
        port_taken: The text in its log that means that the port is in use.
    """

    def __init__(self, process: ServerProcess, port_taken: str) -> None:
        self.process = process
        self._port_taken = port_taken
        self._port: int | None = None

    @property
    def port(self) -> int:
        """The port, which exists after the first start."""
        if self._port is None:
            raise RuntimeError(f"{self.process.name} has not been started")
        return self._port

    def start(self) -> None:
        """Start the server, on the same port as before if it has run.

        Raises:
            ServerFailed: It did not start; the message ends with its log.
        """
        attempts = 1 if self._port is not None else _PORT_ATTEMPTS
        for attempt in range(1, attempts + 1):
            port = self._port or free_port()
            try:
                self._start_on(port)
            except ServerFailed:
                # Another process can take the port before the server starts.
                if attempt == attempts or self._port_taken not in self.process.log_tail():
                    raise
            else:
                self._port = port
                return

    def stop(self) -> None:
        """Stop the server; acknowledged writes are kept."""
        self.process.stop()

    @abstractmethod
    def _start_on(self, port: int) -> None:
        """Start the server on `port` and wait until it responds."""


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A function that a child calls before exec: the kernel then ends it with its parent.

    Linux only. On other systems the servers survive a killed parent, and the next start stops them.
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
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class StopRequest:
    """Remembers whether a signal asked this process to stop; create it in the main thread."""

    def __init__(self) -> None:
        self._is_asked = False
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, lambda *_: self._ask())

    def is_asked(self) -> bool:
        """True after SIGINT, SIGTERM or SIGHUP."""
        return self._is_asked

    def wait(self, seconds: float) -> None:
        """Wait for so long, or until a signal asks this process to stop."""
        end = time.monotonic() + seconds
        while not self._is_asked and time.monotonic() < end:
            time.sleep(_STOP_POLL_SECONDS)

    def _ask(self) -> None:
        self._is_asked = True
