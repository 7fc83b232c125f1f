"""Connections to PostgreSQL: the SQLAlchemy engine, and plain psycopg connections for COPY."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine

from reporting_pipeline.addresses import address_text, session_parameters
from reporting_pipeline.warehouse.failures import warehouse_failure
from reporting_pipeline.warehouse.lock_waits import watch


def warehouse_engine(url: URL) -> Engine:
    """An engine for the warehouse; its errors hide parameters, which can be private."""
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: _watched(psycopg.connect(**session_parameters(url))),
        hide_parameters=True,
        pool_pre_ping=True,
    )


def _watched(connection: psycopg.Connection) -> psycopg.Connection:
    watch(connection, connection.info.backend_pid)
    return connection


def conninfo(url: URL) -> str:
    """An address as text in the form of libpq."""
    return address_text(url.set(drivername="postgresql"))


@contextmanager
def warehouse_connection(url: URL) -> Iterator[psycopg.Connection]:
    """A psycopg connection to the warehouse in one transaction, which an error rolls back.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    try:
        with psycopg.connect(**session_parameters(url)) as connection:
            yield _watched(connection)
    except psycopg.Error as error:
        failure = warehouse_failure(error, url)
        if failure is None:
            raise
        raise failure from error


def database_version(connection: psycopg.Connection[Any]) -> str:
    """The name and version of a connection's server, whose zone database dates all rows."""
    return f"PostgreSQL {connection.info.parameter_status('server_version')}"
