"""Reads the rows of one organisation, which the database guarantees.

A tenant session is one transaction of the role `reporting_reader`, which owns nothing and may only
read. Each table with rows of organisations has row-level security with a policy for that role: it
sees the rows of the organisation that the transaction names, and none if it names no one. Both end
with the transaction, so the next user of a kept connection inherits neither.

What belongs here: sessions of readers. What does not: policies, which migrations and the macros of
dbt make; roles (`roles`); and rows of all organisations, which `warehouse_connection` reads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL

from reporting_pipeline.addresses import READER
from reporting_pipeline.errors import RolesMissing
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION_SETTING = "reporting.organization_id"
"""The setting of a transaction that names its organisation; all policies read it."""

_ENTER = (
    f"select set_config('role', '{READER}', true), set_config('{ORGANIZATION_SETTING}', %s, true)"
)


@contextmanager
def tenant_session(
    url: URL, organization_id: UUID, *, isolation_level: IsolationLevel | None = None
) -> Iterator[psycopg.Connection]:
    """A connection that sees the rows of one organisation, in one transaction that only reads.

    Args:
        url: The address of the warehouse, or of a replica.
        organization_id: The organisation, for which the caller is authorised.
        isolation_level: `REPEATABLE_READ` to read one snapshot; by default, each statement sees
            what was committed before it.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
        RolesMissing: The role of the address cannot become the reader.
    """
    with (
        warehouse_connection(url) as connection,
        tenant_transaction(connection, organization_id, isolation_level=isolation_level),
    ):
        yield connection


@contextmanager
def tenant_transaction(
    connection: psycopg.Connection[Any],
    organization_id: UUID,
    *,
    isolation_level: IsolationLevel | None = None,
) -> Iterator[None]:
    """Let a connection that is in no transaction see the rows of one organisation, in a new one.

    The transaction cannot be committed or rolled back within the context, because that would end
    the session.

    Raises:
        RolesMissing: The role of the connection cannot become the reader.
    """
    if not isinstance(organization_id, UUID):
        raise TypeError(f"an organisation is named by its UUID, not by {organization_id!r}")
    connection.isolation_level = isolation_level
    connection.read_only = True
    try:
        with connection.transaction():
            _enter(connection, organization_id)
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None
            connection.read_only = None


def _enter(connection: psycopg.Connection[Any], organization_id: UUID) -> None:
    try:
        connection.execute(_ENTER, (str(organization_id),))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue) as error:
        message = (
            f"the warehouse cannot be read as {READER}: {str(error).strip()}; run `reporting "
            "migrate`, which makes the role or says what an administrator has to run"
        )
        raise RolesMissing(message) from error
