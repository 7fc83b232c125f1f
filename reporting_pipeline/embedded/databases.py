"""Roles and databases on an embedded PostgreSQL server: made when missing, never changed otherwise.

What does not belong here: schemas and tables (`warehouse`, `sources`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import URL

WAREHOUSE = "reporting"
WAREHOUSE_OWNER = "reporting"
SOURCES = ("ticketing", "seating", "scanning", "ledger")
SOURCE_OWNER = "source_owner"
SOURCE_READER = "source_reader"


@contextmanager
def superuser_connection(url: URL) -> Iterator[psycopg.Connection]:
    """A connection that commits each statement, as CREATE DATABASE demands."""
    info = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(info, autocommit=True) as connection:
        yield connection


def ensure_role(connection: psycopg.Connection, name: str, password: str) -> None:
    """Make a role that may log in, and give it `password`.

    Only the SCRAM verifier is sent, so that the password appears in no server log.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    ).decode()
    found = connection.execute("select from pg_roles where rolname = %s", [name]).fetchone()
    verb = sql.SQL("create" if found is None else "alter")
    connection.execute(
        sql.SQL("{} role {} login password {}").format(
            verb, sql.Identifier(name), sql.Literal(verifier)
        )
    )


def ensure_database(
    connection: psycopg.Connection, name: str, owner: str, guests: tuple[str, ...] = ()
) -> None:
    """Make a database that only its owner and its guests may connect to."""
    found = connection.execute("select from pg_database where datname = %s", [name]).fetchone()
    if found is None:
        create_database(connection, name, owner)
    database = sql.Identifier(name)
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    for guest in guests:
        grant = sql.SQL("grant connect on database {} to {}")
        connection.execute(grant.format(database, sql.Identifier(guest)))


def create_database(
    connection: psycopg.Connection, name: str, owner: str, template: str = "template1"
) -> None:
    """Make a database as a copy of `template`."""
    statement = sql.SQL("create database {} owner {} template {}")
    names = (sql.Identifier(each) for each in (name, owner, template))
    connection.execute(statement.format(*names))


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """Drop a database, ending the sessions that use it."""
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )
