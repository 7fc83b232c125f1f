"""Connections that are kept are as new for each piece of work, and lost ones are replaced."""

from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_PID = "select pg_backend_pid()"


@pytest.fixture
def warehouse(landed: Pipeline) -> URL:
    return landed.warehouse


@pytest.fixture
def kept(warehouse: URL) -> Iterator[KeptConnections]:
    with closing(KeptConnections(warehouse)) as connections:
        yield connections


def _asked(warehouse: URL, *statements: str) -> object:
    """The answer to the last of these statements, in one session."""
    *first, last = statements
    with warehouse_connection(warehouse) as connection:
        for statement in first:
            connection.execute(statement.encode())
        [(answer,)] = connection.execute(last.encode()).fetchall()
        return answer


def test_a_session_is_used_again_within_the_context_only(
    warehouse: URL, kept: KeptConnections
) -> None:
    pids = [kept.context().run(_asked, warehouse, _PID) for _ in range(3)]

    assert len(set(pids)) == 1
    assert _asked(warehouse, _PID) not in pids


def test_a_session_forgets_settings_locks_and_temporary_tables(
    warehouse: URL, kept: KeptConnections
) -> None:
    made = ("set work_mem = '77MB'", "create temporary table made ()", "select pg_advisory_lock(7)")
    pid = kept.context().run(_asked, warehouse, *made, _PID)

    found = kept.context().run(
        _asked,
        warehouse,
        "select array[pg_backend_pid()::text, current_setting('work_mem'),"
        " coalesce(to_regclass('pg_temp.made')::text, 'none'),"
        " (select count(*) from pg_locks where locktype = 'advisory')::text]",
    )

    assert isinstance(found, list)
    assert found[0] == str(pid)
    assert found[1] != "77MB"
    assert found[2:] == ["none", "0"]


def test_the_work_of_an_error_is_rolled_back_and_its_session_goes_on(
    warehouse: URL, kept: KeptConnections
) -> None:
    pid = kept.context().run(_asked, warehouse, _PID)
    with suppress(psycopg.errors.DivisionByZero):
        kept.context().run(_asked, warehouse, "create table reporting.made ()", "select 1 / 0")

    seen = "select to_regclass('reporting.made')::text"
    assert kept.context().run(_asked, warehouse, seen) is None
    assert kept.context().run(_asked, warehouse, _PID) == pid


def test_a_session_that_ended_meanwhile_is_replaced(warehouse: URL, kept: KeptConnections) -> None:
    pid = kept.context().run(_asked, warehouse, _PID)
    _asked(warehouse, f"select pg_terminate_backend({pid}, 5000)")

    assert kept.context().run(_asked, warehouse, _PID) != pid


def test_a_session_that_ends_at_work_is_an_error_of_the_warehouse(
    warehouse: URL, kept: KeptConnections
) -> None:
    with pytest.raises(WarehouseUnavailable):
        kept.context().run(_asked, warehouse, "select pg_terminate_backend(pg_backend_pid())")

    assert kept.context().run(_asked, warehouse, "select 1") == 1
