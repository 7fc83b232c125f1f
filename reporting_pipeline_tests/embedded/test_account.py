"""Running as another account: root drops to one, a plain user stays itself."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reporting_pipeline.embedded.account import (
    Account,
    own_account,
    private_file,
    private_folder,
    reachable_copy,
    server_account,
)
from reporting_pipeline.embedded.postgres import PostgresInstall

_STRANGER = Account(name="stranger", uid=65533, gid=65533, is_other=True)

# The interpreter may lie where only root can read it, so it is loaded before root is given up.
_AS_PLAIN_USER = """
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


def test_root_hands_the_servers_to_a_lesser_account() -> None:
    account = server_account()

    assert account.uid != 0
    assert account.is_other is (os.geteuid() == 0)


def test_plain_user_runs_the_server_itself_under_any_umask(
    servers_folder: Path, account: Account, pg_bindir: Path | None
) -> None:
    install = PostgresInstall.find(pg_bindir).reachable_for(account, servers_folder / "bin")
    folder = private_folder(servers_folder / "plain-user", account)

    done = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", _AS_PLAIN_USER, folder, install.bin, str(account.uid)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, str(account.uid), "")


def test_folder_behind_a_private_one_cannot_be_entered_by_others(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir(mode=0o755)
    tmp_path.chmod(0o700)

    assert _STRANGER.can_enter(tmp_path / "inner") is False


def test_private_file_replaces_a_link_that_was_laid_in_its_place(tmp_path: Path) -> None:
    """Root writes into folders of a lesser account and must not be led elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / "secret").symlink_to(victim)

    path = private_file(tmp_path / "secret", "new", own_account())

    assert victim.read_text() == "kept"
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_binary_is_copied_only_when_it_cannot_be_reached(
    mode: int, servers_folder: Path, tmp_path: Path
) -> None:
    account = Account(name="s", uid=65533, gid=65533, is_other=True)
    place = servers_folder / f"place-{mode:o}"
    place.mkdir()
    (place / "server").touch(mode=0o755)
    place.chmod(mode)

    found = reachable_copy(place / "server", tmp_path / "shelf", account)

    assert (found == tmp_path / "shelf" / "server") is (not account.can_enter(place))
