"""Inspecting a source: every difference from the contract is named, down to the column."""

from collections.abc import Mapping

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.sources.contract import DOMAINS, TABLES, tables_of
from reporting_pipeline.sources.contract.columns import is_optional, type_name
from reporting_pipeline.sources.inspect import contract_problems, inspect_source, promise_problems
from reporting_pipeline.warehouse.engine import conninfo

INSTANT = "timestamp with time zone"

# A change of the ledger, and the problem that it causes.
CHANGED = [
    ("drop table ledger.entries", "ledger.entries: expected a table, found none"),
    (
        "alter table ledger.entries drop column component",
        "ledger.entries.component: expected text, found no such column",
    ),
    (
        "alter table ledger.entries alter amount_minor type numeric",
        "ledger.entries.amount_minor: expected bigint, found numeric",
    ),
    (
        "alter table ledger.entries alter currency type char(4)",
        "ledger.entries.currency: expected character(3), found character(4)",
    ),
    (
        "alter table ledger.entries alter recorded_at type timestamp",
        f"ledger.entries.recorded_at: expected {INSTANT}, found timestamp without time zone",
    ),
]

# A change of the ledger, the problem that it causes, and whether this is only a warning.
WEAKENED = [
    (
        "alter table ledger.entries alter amount_minor drop not null",
        "ledger.entries.amount_minor: expected not null, found nulls allowed",
        False,
    ),
    (
        "alter table ledger.entries drop constraint entries_pkey",
        "ledger.entries.id: expected a key, found none",
        False,
    ),
    (
        "drop index ledger.entries_recorded_at_idx",
        "ledger.entries.recorded_at: expected an index that begins with the record clock,"
        " found none",
        True,
    ),
    (
        "alter table ledger.entries rename to kept;"
        " create view ledger.entries as select * from ledger.kept",
        "ledger.entries.id: expected a key, found a view, which has no keys",
        True,
    ),
]

HARMLESS = [
    "alter table ledger.entries add note text",
    "create table ledger.notes (id integer)",
    "alter table ledger.transactions alter event_id set not null",
    "drop index ledger.entries_recorded_at_idx; create index on ledger.entries (recorded_at, id)",
    "alter table ledger.entries drop constraint entries_pkey;"
    " create unique index on ledger.entries (id)",
]


@pytest.mark.parametrize(("change", "problem"), CHANGED)
def test_missing_tables_and_columns_and_other_types_are_named(
    contract_urls: Mapping[str, URL], change: str, problem: str
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute(change.encode())

        problems = contract_problems(connection, "ledger")

    assert list(map(str, problems)) == [problem]


@pytest.mark.parametrize(("change", "problem", "is_warning"), WEAKENED)
def test_weaker_guarantees_are_named(
    contract_urls: Mapping[str, URL], change: str, problem: str, is_warning: bool
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute(change.encode())

        problems = promise_problems(connection, "ledger")

    assert [(str(each), each.is_warning) for each in problems] == [(problem, is_warning)]


@pytest.mark.parametrize("change", HARMLESS)
def test_more_than_the_contract_promises_is_allowed(
    contract_urls: Mapping[str, URL], change: str
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute(change.encode())

        assert contract_problems(connection, "ledger") == []
        assert promise_problems(connection, "ledger") == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_empty_database_lacks_every_table(untouched_urls: Mapping[str, URL], domain: str) -> None:
    with psycopg.connect(conninfo(untouched_urls[domain])) as connection:
        problems = contract_problems(connection, domain)

    assert [problem.subject for problem in problems] == [
        each.key for each in tables_of(domain) if not is_optional(each)
    ]


def test_type_names_are_those_of_the_catalogue() -> None:
    names = {type_name(column) for table in TABLES for column in table.columns}

    assert names == {
        "bigint",
        "boolean",
        "character(2)",
        "character(3)",
        "integer",
        "numeric(9,6)",
        "text",
        "time without time zone",
        "timestamp with time zone",
        "uuid",
    }


def test_a_source_of_version_1_0_has_no_problem_and_lists_its_missing_parts(
    contract_urls: Mapping[str, URL],
) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute("drop table ledger.payout_items")
        connection.execute("alter table ledger.entries drop tax_rate, drop taxable_minor")

    inspection = inspect_source(contract_urls["ledger"], "ledger", timeout_seconds=10)

    assert inspection.problems == ()
    assert inspection.missing_parts == (
        "ledger.entries.tax_rate",
        "ledger.entries.taxable_minor",
        "ledger.payout_items",
    )


def test_an_optional_column_of_another_type_is_a_problem(contract_urls: Mapping[str, URL]) -> None:
    with psycopg.connect(conninfo(contract_urls["ledger"])) as connection:
        connection.execute("alter table ledger.entries drop tax_rate, add tax_rate text")

        problems = contract_problems(connection, "ledger")

    assert list(map(str, problems)) == [
        "ledger.entries.tax_rate: expected numeric(9,6), found text"
    ]


def test_a_source_read_as_its_owner_keeps_the_contract_but_is_writable(
    contract_urls: Mapping[str, URL],
) -> None:
    inspection = inspect_source(contract_urls["seating"], "seating", timeout_seconds=10)

    assert inspection.problems == ()
    assert not inspection.is_broken
    assert len(inspection.writable_rights) == 3


def test_the_error_names_a_source_that_is_down(source_urls: Mapping[str, URL]) -> None:
    url = source_urls["seating"].set(database="not_there")

    with pytest.raises(SourceUnavailable, match="source seating is down or too slow: ") as down:
        inspect_source(url, "seating", timeout_seconds=10)

    assert down.value.facts == {"domain": "seating"}
