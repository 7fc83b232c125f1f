"""Upgrading the warehouse's schema: completely or not at all, and repeatedly."""

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline.errors import SchemaMismatch, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline.warehouse.schema import is_current, upgrade


def _schemas(url: URL) -> set[str]:
    with psycopg.connect(conninfo(url)) as connection:
        return {name for (name,) in connection.execute("select nspname from pg_namespace")}


def test_an_empty_database_becomes_a_warehouse(empty_database_url: URL) -> None:
    upgrade(empty_database_url)

    assert {"landing", "reporting"} <= _schemas(empty_database_url)


def test_a_second_upgrade_changes_nothing(warehouse_url: URL) -> None:
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        connection.execute(
            "insert into landing.watermarks values ('ledger', 'entries', now(), now())"
        )

    upgrade(warehouse_url)

    with psycopg.connect(conninfo(warehouse_url)) as connection:
        assert connection.execute("select count(*) from landing.watermarks").fetchone() == (1,)


def test_the_error_names_a_conflicting_object_and_nothing_is_created(
    empty_database_url: URL,
) -> None:
    with psycopg.connect(conninfo(empty_database_url)) as connection:
        connection.execute("create schema reporting")

    with pytest.raises(SchemaMismatch, match='schema "reporting" already exists'):
        upgrade(empty_database_url)

    assert "landing" not in _schemas(empty_database_url)


def test_a_warehouse_of_a_later_version_is_refused(warehouse_url: URL) -> None:
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        connection.execute("update public.schema_version set version_num = '9999'")

    with pytest.raises(SchemaMismatch, match="schema is version 9999, this package knows up to"):
        upgrade(warehouse_url)


def test_tables_that_were_restored_under_another_owner_are_shown_to_it(
    warehouse_url: URL, postgres: Postgres
) -> None:
    superuser = postgres.url(str(warehouse_url.database))
    with psycopg.connect(conninfo(superuser)) as connection:
        connection.execute("alter table landing.ticketing_orders owner to current_user")

    assert not is_current(superuser)
    assert upgrade(superuser)
    assert is_current(superuser)
    assert not upgrade(superuser)


def test_the_error_names_a_warehouse_that_is_down(warehouse_url: URL) -> None:
    with pytest.raises(WarehouseUnavailable, match=r"127\.0\.0\.1:1/"):
        upgrade(warehouse_url.set(port=1))
