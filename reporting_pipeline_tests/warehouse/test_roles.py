"""Tests of the role of readers, on a server of its own that has none."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.addresses import READER
from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.postgres import (
    Postgres,
    create_database,
    ensure_role,
    superuser_connection,
)
from reporting_pipeline.errors import RolesMissing
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.roles import ensure_roles, require_roles
from reporting_pipeline.warehouse.schema import found_version, upgrade

_PASSWORD = secrets.token_urlsafe()
_OWNER = "plain owner"
_MAKER = "maker"
_DATABASES = ("one", "two", "three", "four")


@pytest.fixture(scope="module")
def server(postgres: Postgres, account: Account, servers_folder: Path) -> Iterator[Postgres]:
    """A server without the role of readers, and with databases of two plain roles."""
    found = Postgres(
        install=postgres.install,
        folder=servers_folder / "without_reader",
        account=account,
        password=_PASSWORD,
        durable=False,
    )
    found.start()
    with superuser_connection(found.url("postgres")) as connection:
        for role in (_OWNER, _MAKER):
            ensure_role(connection, role, _PASSWORD)
        connection.execute(f"alter role {_MAKER} createrole".encode())
        create_database(connection, "plain", _OWNER)
        for name in _DATABASES:
            create_database(connection, name, _MAKER)
    yield found
    found.stop()


@pytest.fixture
def superuser_of_server(server: Postgres) -> Iterator[psycopg.Connection]:
    """A superuser of that server; the role of readers is gone before and after the test."""
    with superuser_connection(server.url("postgres")) as connection:
        connection.execute(f"drop role if exists {READER}".encode())
        yield connection


@pytest.fixture
def plain(server: Postgres, superuser_of_server: psycopg.Connection) -> Iterator[URL]:
    """The address of an empty database, for a role that may not create roles."""
    yield server.url("plain", _OWNER, _PASSWORD)
    superuser_of_server.execute(f"drop role if exists {READER}".encode())


def test_without_the_right_the_error_has_the_statements(
    plain: URL, superuser_of_server: psycopg.Connection
) -> None:
    with pytest.raises(RolesMissing) as error:
        upgrade(plain)

    _, _, statements = error.value.message.partition("run once: ")
    statements, _, next_step = statements.rpartition("; ")
    assert statements == f'create role {READER} nologin; grant {READER} to "{_OWNER}"'
    assert next_step == "Then run this again"
    assert found_version(plain) is None
    superuser_of_server.execute(statements.encode())
    with warehouse_connection(plain) as connection:
        ensure_roles(connection)
        require_roles(connection)


def test_a_role_that_exists_only_has_to_be_granted(
    plain: URL, superuser_of_server: psycopg.Connection
) -> None:
    superuser_of_server.execute(f"create role {READER} nologin".encode())

    with (
        warehouse_connection(plain) as connection,
        pytest.raises(RolesMissing, match=f'run once: grant {READER} to "{_OWNER}";'),
    ):
        ensure_roles(connection)


@pytest.mark.parametrize("right", ["superuser", "bypassrls"])
def test_a_reader_that_would_see_all_is_refused(
    right: str, plain: URL, superuser_of_server: psycopg.Connection
) -> None:
    superuser_of_server.execute(f"create role {READER} nologin {right}".encode())
    superuser_of_server.execute(f'grant {READER} to "{_OWNER}"'.encode())

    with (
        warehouse_connection(plain) as connection,
        pytest.raises(RolesMissing, match="alter role reporting_reader nosuperuser nobypassrls"),
    ):
        require_roles(connection)


@pytest.mark.usefixtures("superuser_of_server")
def test_a_role_that_may_create_roles_makes_it_in_many_databases_at_once(server: Postgres) -> None:
    barrier = Barrier(len(_DATABASES))

    def make(name: str) -> None:
        with warehouse_connection(server.url(name, _MAKER, _PASSWORD)) as connection:
            barrier.wait()
            ensure_roles(connection)

    with ThreadPoolExecutor(len(_DATABASES)) as threads:
        list(threads.map(make, _DATABASES))

    with warehouse_connection(server.url(_DATABASES[0], _MAKER, _PASSWORD)) as connection:
        require_roles(connection)
        connection.execute(f"set role {READER}".encode())
