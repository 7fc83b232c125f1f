"""The folder of the embedded servers (REPORTING_HOME): its locks, secrets and state.

    owner.lock     held by the supervisor of this home
    users.lock     shared by all processes that use the servers
    secrets.json   the passwords, created once, mode 0600
    running.json   ports and process ids, locked while they are valid, mode 0600
    servers/       the files of the servers' account; a link if this account cannot enter the home.
                   The linked folder has the file `home`, with the path of the home

All locks belong to the kernel, which releases them when their holder ends, even if it is killed.
"""

import contextlib
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from reporting_pipeline.embedded.account import (
    Account,
    own_account,
    passable_folder,
    private_file,
)
from reporting_pipeline.errors import EnvironmentNotReady

ELSEWHERE = Path("/var/lib/reporting-pipeline")
"""The servers' files of homes that the servers' account cannot enter."""

_PRIVATE = 0o700
_LINK, _RECORD = "servers", "home"


@dataclass(frozen=True, kw_only=True, repr=False)
class Secrets:
    """The passwords of the embedded servers, which need no quoting in addresses."""

    superuser: str
    warehouse_owner: str
    source_owner: str
    source_reader: str
    redis: str


@dataclass(frozen=True, kw_only=True)
class Running:
    """The process id and ports of a home's servers, valid while its supervisor runs."""

    supervisor_pid: int
    postgres_port: int
    redis_port: int


class Home:
    """The folder of the embedded servers.

    Args:
        folder: REPORTING_HOME; created if missing.
        account: The account of the servers.
        elsewhere: The folder of the servers' files if this account cannot enter the home.
    """

    def __init__(self, folder: Path, account: Account, elsewhere: Path = ELSEWHERE) -> None:
        self.folder = folder.absolute()
        self.account = account
        self._make()
        self.servers = self._servers_folder(elsewhere)

    def secrets(self) -> Secrets:
        """The passwords; the supervisor creates them with the first call."""
        path = self.folder / "secrets.json"
        if not path.exists():
            made = {field.name: secrets.token_urlsafe(24) for field in fields(Secrets)}
            draft = private_file(path.with_suffix(".draft"), json.dumps(made), own_account())
            draft.rename(path)
        return Secrets(**json.loads(path.read_text(encoding="utf-8")))

    def take_ownership(self) -> int | None:
        """The descriptor of the owner's lock; None if another process owns this home."""
        return self._lock("owner.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)

    def begin_use(self) -> int:
        """Take a shared lock on the servers and return its descriptor; wait while they stop."""
        descriptor = self._lock("users.lock", fcntl.LOCK_SH)
        assert descriptor is not None  # noqa: S101 - a blocking lock is always granted
        return descriptor

    def end_use(self) -> int | None:
        """Lock out new users while the servers stop; None if a process still uses the servers."""
        return self._lock("users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)

    def announce(self, running: Running) -> int:
        """Publish the servers' ports; the returned descriptor stays open while they are valid."""
        path = self.folder / "running.json"
        draft = private_file(path.with_suffix(".draft"), json.dumps(asdict(running)), own_account())
        descriptor = os.open(draft, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(path)
        return descriptor

    def withdraw(self) -> None:
        """Remove the published ports."""
        (self.folder / "running.json").unlink(missing_ok=True)

    def running(self) -> Running | None:
        """The published ports; None if no supervisor has its servers ready."""
        try:
            descriptor = os.open(self.folder / "running.json", os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Running(**json.load(file))
        return None  # not locked: left by a supervisor that was killed

    def _make(self) -> None:
        try:
            if self.account.is_other:
                passable_folder(self.folder)
            else:
                self.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            message = (
                f"the home of the embedded servers cannot be created: {error}; point "
                "REPORTING_HOME at a folder that you can write to"
            )
            raise EnvironmentNotReady(message) from error
        owner = self.folder.stat().st_uid
        if owner != os.geteuid():
            message = (
                f"the home {self.folder} belongs to account {owner} and we run as "
                f"{os.geteuid()}: run as that account, or point REPORTING_HOME elsewhere"
            )
            raise EnvironmentNotReady(message)

    def _servers_folder(self, elsewhere: Path) -> Path:
        servers = self.folder / _LINK
        if not self.account.can_enter(self.folder):
            # Only for root: below /root, for example, no other account can enter the home.
            if not servers.is_symlink():
                with contextlib.suppress(FileExistsError):
                    servers.symlink_to(elsewhere / secrets.token_hex(8))
            servers = servers.readlink()
            record = passable_folder(servers) / _RECORD
            if not record.exists():
                private_file(record, str(self.folder), own_account())
        if self.account.is_other:
            return passable_folder(servers)
        servers.mkdir(mode=_PRIVATE, exist_ok=True)
        return servers

    def _lock(self, name: str, operation: int) -> int | None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.folder / name, flags, 0o600)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftServers:
    """A folder of servers whose home is gone.

    Attributes:
        home: Where the home was; None if the folder does not say, because an older version made it.
    """

    folder: Path
    home: Path | None


def left_servers(elsewhere: Path = ELSEWHERE) -> list[LeftServers]:
    """The folders whose home was deleted and whose servers do not run; then those without a record.

    Only root has such folders: the files of all other homes are inside the home.
    """
    try:
        folders = sorted(each for each in elsewhere.iterdir() if each.is_dir())
    except (FileNotFoundError, PermissionError):
        return []
    left = [LeftServers(folder=each, home=_recorded_home(each)) for each in folders]
    gone = [each for each in left if each.home and not _is_linked(each.home, each.folder)]
    unknown = [each for each in left if each.home is None]
    return [each for each in (*gone, *unknown) if not _is_running(each.folder)]


def _recorded_home(folder: Path) -> Path | None:
    try:
        return Path((folder / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _is_linked(home: Path, folder: Path) -> bool:
    link = home / _LINK
    return link.is_symlink() and link.readlink() == folder


def _is_running(folder: Path) -> bool:
    """True if a server holds its lock."""
    for path in folder.glob("*/server.lock"):
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False
