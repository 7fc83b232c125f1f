"""The lock of a report: all formats of a definition's period are made by one process at a time.

It is PostgreSQL's, of a session: it goes when the process dies. What belongs here: taking it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy import URL

from reporting_pipeline.delivery.report_keys import ReportKey
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection

_TIMEOUT_SECONDS = 600


@contextmanager
def report_lock(warehouse: URL, key: ReportKey) -> Iterator[None]:
    """Hold the lock, after whoever has it.

    Raises:
        WarehouseUnavailable: Somebody has had it for more than ten minutes.
    """
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        connection.execute(f"set lock_timeout = '{_TIMEOUT_SECONDS}s'")
        try:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [key.lock_name])
        except LockNotAvailable as error:
            message = (
                f"{key.slug} of {key.period} is generated elsewhere for more than "
                f"{_TIMEOUT_SECONDS} seconds; ask again when that has ended"
            )
            raise WarehouseUnavailable(message) from error
        yield


@contextmanager
def report_lock_if_free(warehouse: URL, key: ReportKey) -> Iterator[bool]:
    """Hold the lock if nobody has it, and say whether."""
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        [(is_held,)] = connection.execute(
            "select pg_try_advisory_lock(hashtextextended(%s, 0))", [key.lock_name]
        ).fetchall()
        yield bool(is_held)
