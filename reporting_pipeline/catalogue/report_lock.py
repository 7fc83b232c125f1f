"""The lock of a report: all formats of a definition's period are made by one process at a time.

It is PostgreSQL's, of a session: it goes when the process dies. What belongs here: taking it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.errors import LockNotAvailable
from sqlalchemy import URL

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection

_TIMEOUT_SECONDS = 600
_LOCK = "select pg_advisory_lock(hashtextextended(%s, 0))"
_LOCK_IF_FREE = "select pg_try_advisory_lock(hashtextextended(%s, 0))"


@contextmanager
def report_lock(warehouse: URL, key: ReportKey) -> Iterator[Connection[Any]]:
    """Hold the lock, after whoever has it.

    Yields:
        The connection that holds it, outside a transaction.

    Raises:
        WarehouseUnavailable: Somebody has had it for more than ten minutes, or the warehouse cannot
            be reached, or failed meanwhile.
    """
    with _session(warehouse, key) as connection:
        connection.execute(f"set lock_timeout = '{_TIMEOUT_SECONDS}s'")
        connection.execute(_LOCK, [key.lock_name])
        connection.execute("reset lock_timeout")
        yield connection


@contextmanager
def report_lock_if_free(warehouse: URL, key: ReportKey) -> Iterator[Connection[Any] | None]:
    """Hold the lock if nobody has it; yields the connection that holds it, None if somebody has.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or failed meanwhile.
    """
    with _session(warehouse, key) as connection:
        [(is_held,)] = connection.execute(_LOCK_IF_FREE, [key.lock_name]).fetchall()
        yield connection if is_held else None


@contextmanager
def _session(warehouse: URL, key: ReportKey) -> Iterator[Connection[Any]]:
    try:
        with warehouse_connection(warehouse) as connection:
            connection.autocommit = True
            yield connection
    except LockNotAvailable as error:
        message = (
            f"{key.slug} of {key.period} is generated elsewhere for more than "
            f"{_TIMEOUT_SECONDS} seconds; ask again when that has ended"
        )
        raise WarehouseUnavailable(message) from error
    except psycopg.OperationalError as error:
        message = (
            f"the warehouse at {warehouse.host}:{warehouse.port}/{warehouse.database} failed while "
            f"{key.slug} of {key.period} was generated: {error}; ask for the report again"
        )
        raise WarehouseUnavailable(message) from error
