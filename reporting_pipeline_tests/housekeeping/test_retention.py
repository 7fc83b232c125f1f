"""Kept rows and replaced provisional files expire; current editions never do."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.report_lock import report_lock
from reporting_pipeline.housekeeping.retention import (
    ExpiredReport,
    delete_expired_objects,
    expired_objects,
    expired_reports,
)
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.sample_reports import BERLIN

YEARS: Mapping[str, int] = {"financial": 10, "sales": 5, "operational": 2}
DAY = date(2015, 6, 30)
FOLDER = f"{BERLIN}/revenue/{DAY}"
FILE = f"{FOLDER}/revenue_{DAY}.csv"
PROVISIONAL = f"{FOLDER}/revenue_{DAY}_PROVISIONAL.csv"
ROWS = f"{FOLDER}/rows/{'0' * 64}.csv.zst"


@pytest.fixture
def warehouse(warehouse_url: URL) -> Iterator[psycopg.Connection]:
    """A connection to the warehouse; each statement is committed."""
    with psycopg.connect(conninfo(warehouse_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """A store with a final file, the provisional file that it replaced, and the rows of both."""
    store = FolderStore(tmp_path / "store")
    for key in (FILE, f"{FILE}.manifest.json", PROVISIONAL, f"{PROVISIONAL}.manifest.json", ROWS):
        store.put(key, [b"x"])
    return store


def insert_report(
    warehouse: psycopg.Connection,
    *,
    categories: tuple[str, ...] = ("financial",),
    storage_path: str = FILE,
) -> UUID:
    """Insert a report of `DAY`, of a definition whose versions had these categories."""
    definition_id = uuid4()
    warehouse.execute(
        "insert into catalogue.report_definitions values"
        " (%s, %s, 'revenue', %s, 'Revenue', %s, 'daily', '{csv}', '{}', 'active', now(), now())",
        (definition_id, BERLIN, len(categories), categories[-1]),
    )
    for version, category in enumerate(categories, 1):
        warehouse.execute(
            "insert into catalogue.report_definition_versions values"
            " (%s, %s, 'Revenue', %s, 'daily', '{csv}', '{}', now())",
            (definition_id, version, category),
        )
    warehouse.execute(
        "insert into catalogue.generated_reports (id, organization_id, definition_id, version,"
        " period, period_first, period_end, format, status, edition, storage_path, updated_at)"
        " values (%s, %s, %s, 1, %s, %s, %s, 'csv', 'ready', 1, %s, now())",
        (uuid4(), BERLIN, definition_id, DAY.isoformat(), DAY, date(2015, 7, 1), storage_path),
    )
    return definition_id


def expired(warehouse_url: URL, today: date) -> list[ExpiredReport]:
    return expired_reports(warehouse_url, YEARS, today)


def test_years_begin_with_the_end_of_the_year(
    warehouse: psycopg.Connection, warehouse_url: URL
) -> None:
    insert_report(warehouse)

    assert expired(warehouse_url, date(2025, 12, 31)) == []
    assert len(expired(warehouse_url, date(2026, 1, 1))) == 1


def test_the_longest_retention_of_all_versions_applies(
    warehouse: psycopg.Connection, warehouse_url: URL
) -> None:
    insert_report(warehouse, categories=("financial", "operational"))

    assert expired(warehouse_url, date(2025, 12, 31)) == []


def test_rows_and_a_replaced_provisional_file_are_deleted_and_the_current_edition_stays(
    warehouse: psycopg.Connection, warehouse_url: URL, store: ObjectStore
) -> None:
    insert_report(warehouse)

    [(report, keys)] = expired_objects(store, expired(warehouse_url, date(2026, 1, 1)))
    deleted = delete_expired_objects(warehouse_url, store, report, keys)

    assert keys == [PROVISIONAL, f"{PROVISIONAL}.manifest.json", ROWS]
    assert deleted == 3
    assert set(store.list_keys()) == {FILE, f"{FILE}.manifest.json"}


def test_a_provisional_file_that_is_the_current_edition_stays(
    warehouse: psycopg.Connection, warehouse_url: URL, store: ObjectStore
) -> None:
    insert_report(warehouse, storage_path=PROVISIONAL)

    [(_, keys)] = expired_objects(store, expired(warehouse_url, date(2026, 1, 1)))

    assert keys == [ROWS]


def test_a_file_that_became_the_current_edition_since_it_was_listed_stays(
    warehouse: psycopg.Connection, warehouse_url: URL, store: ObjectStore
) -> None:
    insert_report(warehouse)
    [(report, keys)] = expired_objects(store, expired(warehouse_url, date(2026, 1, 1)))
    warehouse.execute("update catalogue.generated_reports set storage_path = %s", [PROVISIONAL])

    assert delete_expired_objects(warehouse_url, store, report, keys) == 1
    assert store.exists(PROVISIONAL)


def test_objects_of_a_report_that_is_being_generated_stay(
    warehouse: psycopg.Connection, warehouse_url: URL, store: ObjectStore
) -> None:
    insert_report(warehouse)
    [(report, keys)] = expired_objects(store, expired(warehouse_url, date(2026, 1, 1)))

    with report_lock(warehouse_url, report.key):
        assert delete_expired_objects(warehouse_url, store, report, keys) == 0
    assert store.exists(ROWS)
