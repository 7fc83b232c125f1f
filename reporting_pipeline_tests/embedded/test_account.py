"""The account of the servers: root uses another account, a normal user its own."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from reporting_pipeline.embedded.account import (
    Account,
    own_account,
    private_file,
    private_folder,
    reachable_copy,
    server_account,
)
from reporting_pipeline.embedded.postgres import PostgresInstall

_OTHER_USER = Account(name="other", uid=65533, gid=65533, is_other=True)

# The interpreter can be in a folder that only root can read: import before giving up root.
_AS_NORMAL_USER = """
import os, sys
from pathlib import Path
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.postgres import Postgres, PostgresInstall

folder, bindir, uid = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(uid)
os.umask(0)
server = Postgres(
    install=PostgresInstall.find(bindir), folder=folder, account=server_account(), password="p"
)
server.start()
sys.stdout.write(str(server.cluster.stat().st_uid))
server.stop()
"""


def test_root_runs_the_servers_as_another_account() -> None:
    account = server_account()

    assert account.uid != 0
    assert account.is_other is (os.geteuid() == 0)


def test_a_normal_user_runs_the_server_under_any_umask(
    servers_folder: Path, account: Account, pg_bindir: Path | None
) -> None:
    install = PostgresInstall.find(pg_bindir).reachable_for(account, servers_folder / "bin")
    folder = private_folder(servers_folder / "normal-user", account)

    done = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", _AS_NORMAL_USER, folder, install.bin, str(account.uid)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, str(account.uid), "")


def test_others_cannot_enter_a_folder_in_a_private_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir(mode=0o755)
    tmp_path.chmod(0o700)

    assert _OTHER_USER.can_enter(tmp_path / "inner") is False


def test_a_private_file_replaces_a_link_at_its_path(tmp_path: Path) -> None:
    """Root writes to folders of another account and must not follow links there."""
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / "secret").symlink_to(victim)

    path = private_file(tmp_path / "secret", "new", own_account())

    assert victim.read_text() == "kept"
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_others_can_read_and_run_a_copy_under_any_umask(
    servers_folder: Path, tmp_path: Path
) -> None:
    """Root installed a wheel below its home under umask 077."""
    (tmp_path / "install" / "bin").mkdir(parents=True, mode=0o700)
    (tmp_path / "install" / "bin" / "server").touch(mode=0o700)
    (tmp_path / "install" / "data").touch(mode=0o600)
    tmp_path.chmod(0o700)
    former = os.umask(0o077)
    try:
        copy = reachable_copy(tmp_path / "install", servers_folder / "new" / "shelf", _OTHER_USER)
    finally:
        os.umask(former)

    modes = {path: stat.S_IMODE((copy / path).stat().st_mode) for path in ("bin/server", "data")}
    assert modes == {"bin/server": 0o755, "data": 0o644}
    assert stat.S_IMODE((servers_folder / "new").stat().st_mode) == 0o711


def test_a_readable_installation_is_not_copied(servers_folder: Path, account: Account) -> None:
    shelf = servers_folder / "empty-shelf"

    assert reachable_copy(servers_folder, shelf, account) == servers_folder
    assert not shelf.exists()
