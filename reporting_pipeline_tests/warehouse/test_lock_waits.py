"""A wait for a lock is announced on standard error, and ends after the limit of the address."""

import threading

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.lock_waits import lock_waits_are_reported

_LOCK = "select pg_advisory_xact_lock(4711)"


def test_a_wait_names_the_session_that_holds_the_lock_once(warehouse_url: URL) -> None:
    said: list[str] = []
    is_said = threading.Event()

    def say(sentence: str) -> None:
        said.append(sentence)
        is_said.set()

    named = warehouse_url.update_query_dict({"application_name": "the other landing"})
    with (
        lock_waits_are_reported(warehouse_url, say),
        warehouse_connection(named) as holder,
        warehouse_connection(warehouse_url) as waiting,
    ):
        holder.execute(_LOCK)
        thread = threading.Thread(target=waiting.execute, args=(_LOCK,))
        thread.start()
        assert is_said.wait(60)
        holder.commit()
        thread.join()

    [sentence] = said
    pid = holder.info.backend_pid if not holder.closed else None
    assert pid is None
    assert "waiting for a lock of the warehouse that session" in sentence
    assert "(the other landing) holds, whose transaction began at 2" in sentence


def test_a_wait_ends_after_the_limit_of_the_address(warehouse_url: URL) -> None:
    limited = warehouse_url.update_query_dict({"options": "-c lock_timeout=10ms"})
    with warehouse_connection(warehouse_url) as holder:
        holder.execute(_LOCK)
        with (
            pytest.raises(WarehouseUnavailable, match="has kept a lock for too long") as caught,
            warehouse_connection(limited) as waiting,
        ):
            waiting.execute(_LOCK)

    assert "REPORTING_LOCK_TIMEOUT_SECONDS" in caught.value.message
    assert caught.value.facts["sqlstate"] == "55P03"
