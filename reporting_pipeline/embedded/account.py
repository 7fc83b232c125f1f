"""The operating system account of the servers, and files and folders that this account can use.

PostgreSQL refuses to run as root. Only if we are root, the servers run as `postgres` or `nobody`,
whichever exists. No account is created, and the mode of other folders is never changed.
"""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from reporting_pipeline.errors import EnvironmentNotReady

_ACCOUNTS_FOR_ROOT = ("postgres", "nobody")


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of the operating system; `is_other` is true if it is not our own account."""

    name: str
    uid: int
    gid: int
    is_other: bool

    @property
    def child_uid(self) -> int | None:
        """The argument `user` for a child process of this account."""
        return self.uid if self.is_other else None

    @property
    def child_gid(self) -> int | None:
        """The argument `group` for a child process of this account."""
        return self.gid if self.is_other else None

    @property
    def child_groups(self) -> list[int] | None:
        """The argument `extra_groups` for a child process: none, so that root's are dropped."""
        return [] if self.is_other else None

    def can_enter(self, folder: Path) -> bool:
        """True if this account can enter `folder` and all folders above it."""
        path = folder.resolve()
        return all(self._may_pass(each.stat()) for each in (path, *path.parents) if each.exists())

    def own(self, path: Path) -> None:
        """Make this account the owner of `path`, which must be ours."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def _may_pass(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def own_account() -> Account:
    """The account of this process."""
    uid = os.geteuid()
    return Account(name=str(uid), uid=uid, gid=os.getegid(), is_other=False)


def server_account() -> Account:
    """The account for the servers on this machine.

    Raises:
        EnvironmentNotReady: We are root, and the machine has no other suitable account.
    """
    if os.geteuid() != 0:
        return own_account()
    for name in _ACCOUNTS_FOR_ROOT:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=found.pw_uid, gid=found.pw_gid, is_other=True)
    message = (
        "PostgreSQL does not run as root and this machine has neither an account `postgres` nor "
        "`nobody`: run as another user, or create one with `useradd --system postgres`"
    )
    raise EnvironmentNotReady(message)


def private_folder(path: Path, account: Account) -> Path:
    """Create `path`, unless it exists, as a folder that only `account` and root can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    account.own(path)
    path.chmod(0o700)
    return path


def private_file(path: Path, text: str, account: Account) -> Path:
    """Write `text` to `path`, which other accounts can never read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        account.own(path)
        file.write(text)
    return path


def passable_folder(path: Path) -> Path:
    """Create `path` and its missing parents so that others can enter them, whatever the umask."""
    for each in reversed((path, *path.parents)):
        if not each.exists():
            each.mkdir(exist_ok=True)  # another process can create it at the same time
            each.chmod(0o711)
    return path


def reachable_copy(source: Path, shelf: Path, account: Account) -> Path:
    """`source`, or a copy of it in `shelf` if `account` cannot read the original.

    The copy gets its final name last, so a crash leaves no incomplete copy.
    """
    if account.can_enter(source.parent):
        return source
    copy = shelf / source.name
    if copy.exists():
        return copy
    draft = passable_folder(shelf) / f"{source.name}.draft"
    if source.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(source, draft, symlinks=True)
    else:
        shutil.copy2(source, draft)
    for each in (draft, *draft.rglob("*")):
        if not each.is_symlink():
            is_program = bool(each.stat().st_mode & stat.S_IXUSR)
            each.chmod(0o755 if is_program else 0o644)
    return draft.rename(copy)
