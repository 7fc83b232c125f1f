"""Inspecting the rights of a role: rights to write, and missing rights to read, are named."""

from collections.abc import Iterator, Mapping

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import SOURCE_OWNER, SOURCE_READER, SUPERUSER, Postgres
from reporting_pipeline.sources.dump.tables import grant_reading
from reporting_pipeline.sources.inspect import reading_problems, writable_rights
from reporting_pipeline.warehouse.engine import conninfo

_WRITER = "ledger_writer"

WRITING = [
    ("grant insert on ledger.entries to source_reader", "INSERT as source_reader"),
    ("grant update on ledger.entries to source_reader", "UPDATE as source_reader"),
    ("grant update (amount_minor) on ledger.entries to source_reader", "UPDATE as source_reader"),
    ("grant delete on ledger.entries to source_reader", "DELETE as source_reader"),
    ("grant truncate on ledger.entries to source_reader", "TRUNCATE as source_reader"),
    (
        "grant insert, delete on ledger.entries to source_reader",
        "INSERT as source_reader, DELETE as source_reader",
    ),
    ("grant insert on ledger.entries to ledger_writer", "INSERT as ledger_writer"),
]

HIDING = [
    ("revoke usage on schema ledger from source_reader", "ledger", "no right"),
    (
        "revoke select on ledger.accounts from source_reader",
        "ledger.accounts",
        "no right to read id, organization_id, kind, currency, recorded_at",
    ),
    (
        "revoke select on ledger.accounts from source_reader;"
        " grant select (id, organization_id, currency, recorded_at) on ledger.accounts"
        " to source_reader",
        "ledger.accounts",
        "no right to read kind",
    ),
    (
        "alter table ledger.accounts enable row level security",
        "ledger.accounts",
        "row-level security, which can hide rows from this role",
    ),
]


@pytest.fixture
def _writer(superuser: psycopg.Connection, contract_urls: Mapping[str, URL]) -> Iterator[None]:
    """A role that the reader can become, but whose rights it does not inherit."""
    superuser.execute(f"create role {_WRITER}")
    superuser.execute(f"grant {_WRITER} to {SOURCE_READER} with inherit false")
    yield
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute(f"revoke all on all tables in schema ledger from {_WRITER}")
    superuser.execute(f"drop role {_WRITER}")


@pytest.mark.usefixtures("_writer")
@pytest.mark.parametrize(("grant", "found"), WRITING)
def test_rights_to_write_are_named(
    contract_urls: Mapping[str, URL],
    source_reader_urls: Mapping[str, URL],
    grant: str,
    found: str,
) -> None:
    _change(contract_urls["ledger"], grant)

    with psycopg.connect(conninfo(source_reader_urls["ledger"])) as connection:
        rights = writable_rights(connection, "ledger")

    assert list(map(str, rights)) == [
        f"ledger.entries: expected a role that can only read, found {found}"
    ]


def test_an_owner_is_named_for_every_table(contract_urls: Mapping[str, URL]) -> None:
    with psycopg.connect(conninfo(contract_urls["scanning"])) as connection:
        rights = writable_rights(connection, "scanning")

    assert [right.subject for right in rights] == ["scanning.gates", "scanning.scans"]
    assert rights[0].found == (
        f"owner as {SOURCE_OWNER}, owner of the schema as {SOURCE_OWNER}, INSERT as {SOURCE_OWNER},"
        f" UPDATE as {SOURCE_OWNER}, DELETE as {SOURCE_OWNER}, TRUNCATE as {SOURCE_OWNER}"
    )


def test_a_superuser_is_named_once(postgres: Postgres, contract_urls: Mapping[str, URL]) -> None:
    url = postgres.url(str(contract_urls["ledger"].database))

    with psycopg.connect(conninfo(url)) as connection:
        [right] = writable_rights(connection, "ledger")

    assert (right.subject, right.found) == ("ledger", f"superuser {SUPERUSER}")


def test_a_role_that_can_only_read_is_accepted(
    contract_urls: Mapping[str, URL], source_reader_urls: Mapping[str, URL]
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        grant_reading(connection, "ledger", SOURCE_READER)

    with psycopg.connect(conninfo(source_reader_urls["ledger"])) as connection:
        assert writable_rights(connection, "ledger") == []
        assert reading_problems(connection, "ledger") == []


@pytest.mark.parametrize(("change", "subject", "found"), HIDING)
def test_missing_rights_to_read_are_named(
    contract_urls: Mapping[str, URL],
    source_reader_urls: Mapping[str, URL],
    change: str,
    subject: str,
    found: str,
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        grant_reading(connection, "ledger", SOURCE_READER)
    _change(contract_urls["ledger"], change)

    with psycopg.connect(conninfo(source_reader_urls["ledger"])) as connection:
        problems = reading_problems(connection, "ledger")

    assert [(problem.subject, problem.found) for problem in problems] == [(subject, found)]


def _change(url: URL, statements: str) -> None:
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute(sql.SQL(statements))
