"""dbt's connections: to the address as it was set, with every parameter.

A profile of dbt-postgres has a field for some parameters of libpq only: `options`, the ports of
several hosts or `target_session_attrs` have none. So dbt connects through this module, in this
process and in `reporting exec -- dbt`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2  # type: ignore[import-untyped]
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter
from sqlalchemy import URL
from typing_extensions import override

from reporting_pipeline.addresses import session_parameters
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.warehouse.failures import warehouse_failure
from reporting_pipeline.warehouse.lock_waits import watch

_LOG = AdapterLogger("Postgres")


@contextmanager
def connections_to(warehouse: URL) -> Iterator[list[WarehouseUnavailable]]:
    """All connections that dbt makes in this process meanwhile lead to the warehouse.

    dbt keeps its adapters in module globals, so only one invocation at a time may do this.

    Yields:
        A list to which each failure of the warehouse is added: dbt itself passes on the text only.
    """
    failures: list[WarehouseUnavailable] = []
    former = PostgresAdapter.ConnectionManager
    PostgresAdapter.ConnectionManager = _manager(warehouse, failures)
    try:
        yield failures
    finally:
        PostgresAdapter.ConnectionManager = former


def _manager(
    warehouse: URL, failures: list[WarehouseUnavailable]
) -> type[PostgresConnectionManager]:
    parameters = session_parameters(warehouse, application_name="dbt")

    @contextmanager
    def noted() -> Iterator[None]:
        """Note why the database failed, before dbt makes a text of it."""
        try:
            yield
        except psycopg2.Error as error:
            failure = warehouse_failure(error, warehouse)
            failures.extend([failure] if failure is not None else [])
            raise

    def connect() -> Any:
        with noted():
            connection = psycopg2.connect(**parameters)
        watch(connection, connection.get_backend_pid())
        return connection

    class ToTheWarehouse(PostgresConnectionManager):
        @override
        @classmethod
        def open(cls, connection: Connection) -> Connection:
            """Open a connection as dbt-postgres does, with other parameters."""
            if connection.state == "open":
                return connection
            return cls.retry_connection(
                connection,
                connect=connect,
                logger=_LOG,
                retry_limit=connection.credentials.retries,
                retry_timeout=lambda attempt: attempt * attempt,
                retryable_exceptions=[psycopg2.errors.OperationalError],
            )

        @override
        @contextmanager
        def exception_handler(self, sql: str) -> Iterator[None]:
            with super().exception_handler(sql), noted():
                yield

    return ToTheWarehouse


def run_program(warehouse: URL, arguments: Sequence[str]) -> Any:
    """Run the program `dbt`, whose connections lead to the warehouse; it ends this process."""
    from dbt.cli.main import cli

    with connections_to(warehouse):
        return cli(list(arguments), prog_name="dbt")
