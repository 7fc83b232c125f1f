"""The supervisor: one per home, and no acknowledged write is lost when a process is killed.

The servers do not wait for the disk here. This makes no difference for a killed process, because
the kernel has its writes. With Valkey's usual sync per second it would: Valkey then answers before
it writes.
"""

import fcntl
import os
import signal
from pathlib import Path

import psycopg
import pytest
import redis
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from reporting_pipeline.embedded.attachment import Attachment, attached, server_addresses
from reporting_pipeline.embedded.home import Home, Running
from reporting_pipeline.embedded.supervisor import Supervisor
from reporting_pipeline.errors import HomeInUse

_COMMITS = 100

until_it_responds = retry(
    retry=retry_if_exception_type((psycopg.OperationalError, redis.ConnectionError)),
    wait=wait_fixed(0.02),
    stop=stop_after_delay(20),
    reraise=True,
)


def test_a_second_supervisor_of_a_home_is_refused_and_the_error_names_the_first(
    home_in_use: tuple[Home, Attachment],
) -> None:
    home, attachment = home_in_use
    second = Supervisor(home, None)

    with pytest.raises(HomeInUse, match=f"process {attachment.running.supervisor_pid}"):
        second.__enter__()


def test_the_servers_of_a_killed_supervisor_stop_and_no_committed_row_is_lost(
    home: Home, pg_bindir: Path | None
) -> None:
    with attached(home, pg_bindir, durable=False) as first:
        commit_rows(home, first.running)
        os.kill(first.running.supervisor_pid, signal.SIGKILL)
        with (home.folder / "running.json").open() as announced:
            fcntl.flock(announced, fcntl.LOCK_EX)  # granted when the killed process has ended

        with attached(home, pg_bindir, durable=False) as second:
            assert second.running.supervisor_pid != first.running.supervisor_pid
            assert count_rows(home, second.running) == (_COMMITS, _COMMITS)


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_restarts_on_its_port_and_no_acknowledged_write_is_lost(
    server: str, home: Home, pg_bindir: Path | None
) -> None:
    with attached(home, pg_bindir, durable=False) as attachment:
        commit_rows(home, attachment.running)
        killed = server_pid(home, server)

        os.kill(killed, signal.SIGKILL)

        assert count_rows(home, attachment.running) == (_COMMITS, _COMMITS)
        assert server_pid(home, server) != killed
        assert home.running() == attachment.running


def test_rows_survive_a_normal_stop(home: Home, pg_bindir: Path | None) -> None:
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


@until_it_responds
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
