"""Files of a home are private, and the servers show no secrets and listen on loopback only."""

import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.attachment import Attachment
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.errors import EnvironmentNotReady

_LISTEN = "0A"
_LOOPBACK = "0100007F"


def test_no_command_line_and_no_server_environment_has_a_password(
    home_in_use: tuple[Home, Attachment],
) -> None:
    home, _ = home_in_use
    passwords = {each.encode() for each in asdict(home.secrets()).values()}
    servers = [home.servers / name / "server.lock" for name in ("postgres", "valkey")]
    shown = [read_process(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    shown += [read_process(Path("/proc", each.read_text(), "environ")) for each in servers]

    assert len(passwords) == 5
    assert [each for each in shown if any(password in each for password in passwords)] == []


def test_only_the_owner_can_read_the_files_of_a_home(
    home_in_use: tuple[Home, Attachment],
) -> None:
    home, _ = home_in_use
    programs = home.folder / "servers" / "bin"  # copies, if the account cannot read the wheel
    files = [
        path
        for path in home.folder.rglob("*")
        if path.is_file() and not path.is_relative_to(programs)
    ]

    readable_by_others = [path for path in files if path.stat().st_mode & 0o077]

    assert home.folder / "secrets.json" in files
    assert readable_by_others == []


def test_the_servers_folders_are_private_and_others_cannot_list_the_home(
    home_in_use: tuple[Home, Attachment],
) -> None:
    home, _ = home_in_use

    modes = {
        name: stat.S_IMODE((home.folder / name).stat().st_mode)
        for name in (".", "servers/postgres", "servers/valkey")
    }

    assert modes["."] & 0o066 == 0
    assert modes["servers/postgres"] == modes["servers/valkey"] == 0o700


def test_the_servers_listen_on_loopback_only(home_in_use: tuple[Home, Attachment]) -> None:
    _, attachment = home_in_use
    ours = {attachment.running.postgres_port, attachment.running.redis_port}

    listening = [
        (address, int(port, 16))
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == _LISTEN
        for address, port in [line.split()[1].split(":")]
    ]

    assert {(address, port) for address, port in listening if port in ours} == {
        (_LOOPBACK, port) for port in ours
    }


def test_secrets_are_created_once(home: Home) -> None:
    assert asdict(home.secrets()) == asdict(home.secrets())


def test_the_repr_of_secrets_does_not_show_them(home: Home) -> None:
    assert home.secrets().superuser not in repr(home.secrets())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")
def test_a_home_of_another_account_is_refused(servers_folder: Path, account: Account) -> None:
    taken = servers_folder / "taken"
    taken.mkdir()
    os.chown(taken, 65533, 65533)

    with pytest.raises(EnvironmentNotReady, match="belongs to account 65533"):
        Home(taken, account)


def test_the_error_for_a_home_that_cannot_be_created_names_the_setting(
    tmp_path: Path, account: Account
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EnvironmentNotReady, match="REPORTING_HOME"):
        Home(tmp_path / "file" / "home", account)


def read_process(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process has ended
        return b""
