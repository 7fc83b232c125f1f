"""Connections to PostgreSQL: the SQLAlchemy engine, and plain psycopg connections for COPY."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL, Engine, create_engine

from reporting_pipeline.errors import WarehouseUnavailable

_CONNECT_TIMEOUT_SECONDS = 10


def warehouse_engine(url: URL) -> Engine:
    """An engine for the warehouse; its errors hide parameters, which can be private."""
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_SECONDS},
    )


def conninfo(url: URL) -> str:
    """An address in the form of libpq, for psycopg."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def warehouse_connection(url: URL) -> Iterator[psycopg.Connection]:
    """A psycopg connection to the warehouse in one transaction, which an error rolls back.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    try:
        connection = psycopg.connect(conninfo(url), connect_timeout=_CONNECT_TIMEOUT_SECONDS)
    except psycopg.OperationalError as error:
        message = (
            f"the warehouse at {url.host}:{url.port}/{url.database} cannot be reached: {error}; "
            "check REPORTING_DATABASE_URL, and that the server runs"
        )
        raise WarehouseUnavailable(message) from error
    with connection:
        yield connection
