"""Connections to PostgreSQL: the SQLAlchemy engine, and plain psycopg connections for COPY."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from functools import partial
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from reporting_pipeline.addresses import address_text, session_parameters
from reporting_pipeline.warehouse.failures import warehouse_failure
from reporting_pipeline.warehouse.lock_waits import watch

_KEPT_SESSIONS = 4


def warehouse_engine(url: URL) -> Engine:
    """An engine for the warehouse; its errors hide parameters, which can be private."""
    return create_engine(
        "postgresql+psycopg://",
        creator=partial(_session, url),
        hide_parameters=True,
        pool_pre_ping=True,
    )


def _session(url: URL) -> psycopg.Connection:
    connection = psycopg.connect(**session_parameters(url))
    watch(connection, connection.info.backend_pid)
    return connection


def conninfo(url: URL) -> str:
    """An address as text in the form of libpq."""
    return address_text(url.set(drivername="postgresql"))


@contextmanager
def warehouse_connection(url: URL) -> Iterator[psycopg.Connection]:
    """A psycopg connection to the warehouse in one transaction, which an error rolls back.

    It is closed at the end, except in a context of `KeptConnections`.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    pool = _POOLS.get().get(url)
    try:
        with _connected(url) if pool is None else _from_pool(pool) as connection:
            yield connection
    except psycopg.Error as error:
        failure = warehouse_failure(error, url)
        if failure is None:
            raise
        raise failure from error


class KeptConnections:
    """Connections to the warehouse that are used again, for many small pieces of work.

    A new session takes 16 ms, and plans its first statements slowly. A session forgets its locks,
    settings and temporary tables before it is used again.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._pool = QueuePool(
            cast("Any", partial(_session, url)),
            pool_size=_KEPT_SESSIONS,
            max_overflow=-1,
            reset_on_return=None,  # `_give_back` does it
        )

    def context(self) -> Context:
        """A copy of the current context, in which `warehouse_connection` takes a kept connection.

        Each piece of work runs in a copy of its own.
        """
        context = copy_context()
        context.run(_POOLS.set, {**_POOLS.get(), self._url: self._pool})
        return context

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let `warehouse_connection` take kept connections within this context."""
        token = _POOLS.set({**_POOLS.get(), self._url: self._pool})
        try:
            yield
        finally:
            _POOLS.reset(token)

    def close(self) -> None:
        """Close the connections; those in use are closed when they are given back."""
        self._pool.dispose()


# Pools of the current context, by address.
_POOLS: ContextVar[dict[URL, QueuePool]] = ContextVar("_POOLS", default={})  # noqa: B039 - never changed


@contextmanager
def _connected(url: URL) -> Iterator[psycopg.Connection]:
    with _session(url) as connection:
        yield connection


@contextmanager
def _from_pool(pool: QueuePool) -> Iterator[psycopg.Connection]:
    kept, connection = _living(pool)
    try:
        # Like `with connection`, but it stays open.
        try:
            yield connection
        except BaseException:
            with suppress(psycopg.Error):  # the session is lost
                connection.rollback()
            raise
        connection.commit()
    finally:
        _give_back(kept, connection)


def _living(pool: QueuePool) -> tuple[PoolProxiedConnection, psycopg.Connection]:
    """A connection whose session answers; those that do not are closed."""
    while True:
        kept = pool.connect()
        connection = cast("psycopg.Connection", kept.driver_connection)
        try:
            connection.execute("select 1")
            connection.rollback()
        except psycopg.Error:
            kept.invalidate()
            kept.close()
        else:
            return kept, connection


def _give_back(kept: PoolProxiedConnection, connection: psycopg.Connection) -> None:
    """Return a session that is as new to its pool; close one that is not."""
    try:
        if connection.info.transaction_status is TransactionStatus.IDLE:
            connection.autocommit = True
            connection.execute("discard all")
            connection.autocommit = False
            kept.close()
            return
    except psycopg.Error:
        pass  # the session is lost, which is for the next one to find out
    kept.invalidate()
    kept.close()


def database_version(connection: psycopg.Connection[Any]) -> str:
    """The name and version of a connection's server, whose zone database dates all rows."""
    return f"PostgreSQL {connection.info.parameter_status('server_version')}"
