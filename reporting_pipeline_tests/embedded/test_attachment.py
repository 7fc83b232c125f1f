"""Using a home: the first user starts the servers, and they stop after the last one."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.attachment import attached
from reporting_pipeline.embedded.home import Home, LeftServers, left_servers
from reporting_pipeline.errors import EnvironmentNotReady, ServerFailed

_USER = """
import sys
from pathlib import Path
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import attached
from reporting_pipeline.embedded.home import Home, LeftServers, left_servers

bindir = Path(sys.argv[2]) if sys.argv[2] else None
with attached(Home(Path(sys.argv[1]), server_account()), bindir, durable=False) as attachment:
    sys.stdout.write(f"{attachment.running.supervisor_pid}\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


def test_four_concurrent_processes_share_one_supervisor(home: Home, pg_bindir: Path | None) -> None:
    users = [start_user(home, pg_bindir) for _ in range(4)]
    supervisors = {read_line(user) for user in users}

    for user in users[:3]:
        user.communicate()
    still_running = home.running()
    users[3].kill()
    users[3].communicate()
    wait_until_free(home.folder / "owner.lock")

    assert len(supervisors) == 1
    assert still_running is not None
    assert {str(still_running.supervisor_pid)} == supervisors
    assert home.running() is None


def test_the_ports_of_a_killed_supervisor_are_ignored(home: Home, pg_bindir: Path | None) -> None:
    with attached(home, pg_bindir, durable=False) as attachment:
        os.kill(attachment.running.supervisor_pid, 9)
        wait_until_free(home.folder / "running.json")

        assert home.running() is None


def test_an_error_of_the_supervisor_reaches_its_user(home: Home, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match="REPORTING_PG_BINDIR"), attached(home, tmp_path):
        pass


def test_the_error_names_lost_secrets(home: Home, pg_bindir: Path | None) -> None:
    with attached(home, pg_bindir, durable=False):
        pass
    wait_until_free(home.folder / "owner.lock")
    (home.folder / "secrets.json").unlink()

    with (
        pytest.raises(ServerFailed, match=r"secrets\.json was lost"),
        attached(home, pg_bindir, durable=False),
    ):
        pass


def test_a_home_in_a_private_folder_keeps_its_servers_elsewhere(
    servers_folder: Path, tmp_path: Path, pg_bindir: Path | None
) -> None:
    """For a home below /root, no mode is changed, and the servers' files are elsewhere."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    other = Account(name="other", uid=65533, gid=65533, is_other=True)

    home = Home(private / "home", other, elsewhere=servers_folder / "elsewhere")

    again = Home(private / "home", other, elsewhere=servers_folder / "elsewhere")
    assert home.servers == again.servers
    assert home.servers.parent == servers_folder / "elsewhere"
    assert private.stat().st_mode & 0o777 == 0o700


def test_servers_of_a_home_that_is_gone_are_found_and_those_of_a_home_that_is_there_are_not(
    servers_folder: Path, tmp_path: Path
) -> None:
    private, elsewhere = tmp_path / "private", servers_folder / "elsewhere-of-gone"
    private.mkdir(mode=0o700)
    other = Account(name="other", uid=65533, gid=65533, is_other=True)
    there, gone, running = (
        Home(private / name, other, elsewhere=elsewhere) for name in ("there", "gone", "running")
    )
    unknown = elsewhere / "unknown"
    (unknown / "postgres").mkdir(parents=True)
    for each in (gone, running):
        shutil.rmtree(each.folder)
    (running.servers / "postgres").mkdir()

    with (running.servers / "postgres" / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = left_servers(elsewhere)

    assert there.servers.is_dir()
    assert found == [
        LeftServers(folder=gone.servers, home=gone.folder),
        LeftServers(folder=unknown, home=None),
    ]


def start_user(home: Home, pg_bindir: Path | None) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - the script above
        [sys.executable, "-c", _USER, str(home.folder), str(pg_bindir or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def wait_until_free(path: Path) -> None:
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
