"""The supervisor: one per home, and nothing acknowledged is lost whichever process is killed.

The servers do not wait for the disk here, which makes no difference to a killed process: the kernel
has its writes. Valkey's usual sync each second would: it may then answer before it writes.
"""

import fcntl
import os
import signal
from pathlib import Path

import psycopg
import pytest
import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from reporting_pipeline.embedded.addresses import server_addresses
from reporting_pipeline.embedded.attachment import Attachment, attached
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.embedded.supervisor import Supervisor
from reporting_pipeline.errors import HomeInUse

_COMMITS = 100

until_it_answers = retry(
    retry=retry_if_exception_type((psycopg.OperationalError, redis.ConnectionError)),
    wait=wait_fixed(0.02),
    stop=stop_after_delay(20),
    reraise=True,
)


def test_second_supervisor_of_a_home_is_refused_and_the_owner_named(
    home_in_use: tuple[Home, Attachment],
) -> None:
    home, attachment = home_in_use
    second = Supervisor(home, None)

    with pytest.raises(HomeInUse, match=f"process {attachment.running.supervisor_pid}"):
        second.__enter__()


def test_killed_supervisor_takes_its_servers_along_and_no_committed_row_is_lost(
    home: Home, pg_bindir: Path | None
) -> None:
    with attached(home, pg_bindir, durable=False) as first:
        commit_rows(home, first.running)
        os.kill(first.running.supervisor_pid, signal.SIGKILL)
        with (home.folder / "running.json").open() as announced:
            fcntl.flock(announced, fcntl.LOCK_EX)  # had once the killed process is gone

        with attached(home, pg_bindir, durable=False) as second:
            assert second.running.supervisor_pid != first.running.supervisor_pid
            assert count_rows(home, second.running) == (_COMMITS, _COMMITS)


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_killed_server_comes_back_on_its_port_and_nothing_acknowledged_is_lost(
    server: str, home: Home, pg_bindir: Path | None
) -> None:
    with attached(home, pg_bindir, durable=False) as attachment:
        commit_rows(home, attachment.running)
        killed = server_pid(home, server)

        os.kill(killed, signal.SIGKILL)

        assert count_rows(home, attachment.running) == (_COMMITS, _COMMITS)
        assert server_pid(home, server) != killed
        assert home.running() == attachment.running


def test_rows_outlive_an_orderly_stop(home: Home, pg_bindir: Path | None) -> None:
    with attached(home, pg_bindir, durable=False) as attachment:
        commit_rows(home, attachment.running)
    with attached(home, pg_bindir, durable=False) as attachment:
        assert count_rows(home, attachment.running) == (_COMMITS, _COMMITS)


def commit_rows(home: Home, running: Running) -> None:
    addresses = server_addresses(home, running)
    with psycopg.connect(addresses["REPORTING_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("create table kept (number integer)")
        for number in range(_COMMITS):
            connection.execute("insert into kept values (%s)", [number])
    with redis.Redis.from_url(addresses["REPORTING_REDIS_URL"]) as client:
        for number in range(_COMMITS):
            client.rpush("kept", number)


@until_it_answers
def count_rows(home: Home, running: Running) -> tuple[int, int]:
    addresses = server_addresses(home, running)
    with (
        psycopg.connect(addresses["REPORTING_DATABASE_URL"]) as connection,
        redis.Redis.from_url(addresses["REPORTING_REDIS_URL"]) as client,
    ):
        found = connection.execute("select count(*)::integer from kept").fetchone()
        assert found is not None
        return found[0], len(client.lrange("kept", 0, -1))


def server_pid(home: Home, server: str) -> int:
    return int((home.servers / server / "server.lock").read_text())
