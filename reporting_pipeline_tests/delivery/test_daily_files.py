"""The daily files equal their tables, whatever the store held before and whatever else goes on."""

import csv
import hashlib
import threading
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from reporting_pipeline.delivery.daily_files import (
    DAILY_TABLES,
    DailyExport,
    DailyFile,
    export_days,
)
from reporting_pipeline.delivery.store.folder import FolderStore
from reporting_pipeline.delivery.store.object_store import ObjectStore, StoredObject
from reporting_pipeline.errors import (
    StoreError,
    StoreUnavailable,
    UnknownReport,
    WarehouseUnavailable,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.report_rows import (
    DAY,
    ORGANIZATION,
    OTHER_ORGANIZATION,
    insert_many,
    insert_row,
    load_season_tables,
    season_rows,
)

SALES = "report_sales_daily"
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


class BeforeEachPut(FolderStore):
    """A folder in whose name a test does something else just before a file is written."""

    def __init__(self, root: Path, action: Callable[[str], None]) -> None:
        super().__init__(root)
        self._action = action

    def put(self, key: str, chunks: Iterable[bytes]) -> StoredObject:
        self._action(key)
        return super().put(key, chunks)


def contents(store: ObjectStore) -> dict[str, bytes]:
    return {key: b"".join(store.get(key)) for key in store.list_keys()}


def season_days() -> list[date]:
    days = {date.fromisoformat(row[2]) for table in DAILY_TABLES for row in season_rows(table)}
    first, last = min(days), max(days)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def insert_sales(url: URL, **values: object) -> None:
    with warehouse_connection(url) as connection:
        insert_row(connection, SALES, **values)


def delete_sales(url: URL, organization_id: UUID = ORGANIZATION) -> None:
    with warehouse_connection(url) as connection:
        connection.execute(
            "delete from reporting.report_sales_daily where organization_id = %s",
            (organization_id,),
        )


def key(organization_id: UUID = ORGANIZATION, day: date = DAY) -> str:
    return DailyFile(organization_id=organization_id, table=SALES, day=day).key


def scans(url: URL, table: str) -> dict[str, int]:
    with (
        warehouse_connection(url) as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        # A connection's figures are there once its server process has ended.
        others = "select 1 from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
        while cursor.execute(others, (url.database,)).fetchone():
            connection.commit()
        (row,) = cursor.execute(
            "select seq_scan, idx_scan, idx_tup_fetch from pg_stat_user_tables where relname = %s",
            (table,),
        )
    return row


def test_the_files_of_the_season_hold_its_report_tables_exactly(
    warehouse_url: URL, store: ObjectStore
) -> None:
    load_season_tables(warehouse_url, DAILY_TABLES)

    result = export_days(warehouse_url, store, DAILY_TABLES, season_days())

    for table in DAILY_TABLES:
        rows = [
            row
            for file in result.files
            if file.table == table
            for row in list(csv.reader(b"".join(store.get(file.key)).decode().splitlines()))[1:]
        ]
        assert sorted(rows) == season_rows(table)
    assert sorted(store.list_keys()) == sorted(file.key for file in result.files)


def test_a_file_holds_the_rows_that_its_key_names(warehouse_url: URL, folder: FolderStore) -> None:
    load_season_tables(warehouse_url, DAILY_TABLES)

    export_days(warehouse_url, folder, DAILY_TABLES, season_days())

    for name, content in contents(folder).items():
        organization, table, day, file = name.split("/")
        rows = list(csv.DictReader(content.decode().splitlines()))
        assert file == f"{table}_{day}.csv"
        assert {(row["organization_id"], row["date"]) for row in rows} == {(organization, day)}


def test_a_file_is_described_as_it_is(warehouse_url: URL, folder: FolderStore) -> None:
    insert_sales(warehouse_url, channel="web")
    insert_sales(warehouse_url, channel="api")

    result = export_days(warehouse_url, folder, [SALES], [DAY])

    (file,) = result.files
    content = Path(file.location).read_bytes()
    assert file.key == f"{ORGANIZATION}/report_sales_daily/2026-02-28/{SALES}_2026-02-28.csv"
    assert (file.organization_id, file.table, file.day) == (ORGANIZATION, SALES, DAY)
    assert file.row_count == result.row_count == 2
    assert file.byte_count == result.byte_count == len(content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert result.removed == ()


def test_the_same_rows_give_the_same_files_however_they_are_exported(
    warehouse_url: URL, tmp_path: Path
) -> None:
    load_season_tables(warehouse_url, DAILY_TABLES)
    days = season_days()
    at_once, daily, twice = (FolderStore(tmp_path / name) for name in ("once", "daily", "twice"))

    first = export_days(warehouse_url, at_once, DAILY_TABLES, days)
    for day in reversed(days[-40:]):
        export_days(warehouse_url, daily, DAILY_TABLES[::-1], [day])
    export_days(warehouse_url, daily, DAILY_TABLES, days[:-40])
    export_days(warehouse_url, twice, DAILY_TABLES, days)
    second = export_days(warehouse_url, twice, DAILY_TABLES, [*days, *days])

    assert contents(at_once) == contents(daily) == contents(twice)
    assert [file.sha256 for file in first.files] == [file.sha256 for file in second.files]


def test_a_file_whose_rows_are_gone_is_removed(warehouse_url: URL, store: ObjectStore) -> None:
    insert_sales(warehouse_url)
    insert_sales(warehouse_url, organization_id=OTHER_ORGANIZATION)
    export_days(warehouse_url, store, [SALES], [DAY])
    delete_sales(warehouse_url)

    result = export_days(warehouse_url, store, [SALES], [DAY])

    assert list(store.list_keys()) == [key(OTHER_ORGANIZATION)]
    assert result.removed == (DailyFile(organization_id=ORGANIZATION, table=SALES, day=DAY),)


@pytest.mark.parametrize("days", [[DAY], [DAY, DAY + timedelta(days=7)]])
def test_only_files_of_the_tables_and_days_asked_for_are_removed(
    warehouse_url: URL, folder: FolderStore, days: list[date]
) -> None:
    kept = [
        key(day=NEXT_DAY),
        f"{ORGANIZATION}/report_revenue_daily/{DAY}/report_revenue_daily_{DAY}.csv",
        f"{ORGANIZATION}/{SALES}/{DAY}/notes.csv",
        f"{ORGANIZATION}/definition/{DAY}/{SALES}_{DAY}.csv",
        f"not-an-organization/{SALES}/{DAY}/{SALES}_{DAY}.csv",
        f"{str(ORGANIZATION).replace('-', '')}/{SALES}/{DAY}/{SALES}_{DAY}.csv",
    ]
    for name in [key(), *kept]:
        folder.put(name, [b"x"])

    result = export_days(warehouse_url, folder, [SALES], days)

    assert [former.key for former in result.removed] == [key()]
    assert sorted(folder.list_keys()) == sorted(kept)


def test_a_day_without_rows_has_no_files(warehouse_url: URL, folder: FolderStore) -> None:
    insert_sales(warehouse_url)

    result = export_days(warehouse_url, folder, DAILY_TABLES, [NEXT_DAY])

    assert result.files == result.removed == ()
    assert list(folder.list_keys()) == []


def test_every_table_and_day_asked_for_has_its_part(
    warehouse_url: URL, folder: FolderStore
) -> None:
    insert_sales(warehouse_url)
    folder.put(key(OTHER_ORGANIZATION, NEXT_DAY), [b"x"])

    parts = export_days(warehouse_url, folder, [SALES], [NEXT_DAY, DAY]).parts()

    assert list(parts) == [(SALES, DAY), (SALES, NEXT_DAY)]
    assert [file.key for file in parts[SALES, DAY].files] == [key()]
    assert parts[SALES, DAY].row_count == 1
    assert parts[SALES, DAY].removed == ()
    assert parts[SALES, NEXT_DAY].files == ()
    assert [former.day for former in parts[SALES, NEXT_DAY].removed] == [NEXT_DAY]


def test_all_files_come_from_one_snapshot(warehouse_url: URL, tmp_path: Path) -> None:
    for day in (DAY, NEXT_DAY):
        insert_sales(warehouse_url, date=day)

    def change(before: str) -> None:
        if str(NEXT_DAY) in before:
            delete_sales(warehouse_url)
            insert_sales(warehouse_url, organization_id=OTHER_ORGANIZATION)

    store = BeforeEachPut(tmp_path, change)

    result = export_days(warehouse_url, store, [SALES], [DAY, NEXT_DAY])

    assert [file.key for file in result.files] == [key(day=DAY), key(day=NEXT_DAY)]
    assert sorted(store.list_keys()) == [key(day=DAY), key(day=NEXT_DAY)]


def test_a_slow_export_does_not_put_older_rows_over_newer_ones(
    warehouse_url: URL, tmp_path: Path
) -> None:
    insert_sales(warehouse_url, sold_count=1)
    later: list[DailyExport] = []
    exporter = threading.Thread(
        target=lambda: later.append(
            export_days(warehouse_url, FolderStore(tmp_path), [SALES], [DAY])
        )
    )

    def rows_change_and_another_export_begins(_: str) -> None:
        delete_sales(warehouse_url)
        insert_sales(warehouse_url, sold_count=2)
        exporter.start()
        with warehouse_connection(warehouse_url) as connection:
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            while connection.execute(waits).fetchone() == (0,):
                connection.commit()

    slow = BeforeEachPut(tmp_path, rows_change_and_another_export_begins)
    earlier = export_days(warehouse_url, slow, [SALES], [DAY])
    exporter.join()

    content = b"".join(slow.get(key()))
    assert later[0].files[0].sha256 == hashlib.sha256(content).hexdigest()
    assert earlier.files[0].sha256 != later[0].files[0].sha256


def test_an_export_that_failed_is_completed_by_repeating_it(
    warehouse_url: URL, tmp_path: Path
) -> None:
    for day in (DAY, NEXT_DAY):
        insert_sales(warehouse_url, date=day, sold_count=1)
    export_days(warehouse_url, FolderStore(tmp_path), [SALES], [DAY, NEXT_DAY])
    former = contents(FolderStore(tmp_path))
    delete_sales(warehouse_url)
    for day in (DAY, NEXT_DAY):
        insert_sales(warehouse_url, date=day, sold_count=2)

    def fail_on_the_second(name: str) -> None:
        if str(NEXT_DAY) in name:
            raise StoreUnavailable(name)

    with pytest.raises(StoreUnavailable):
        export_days(
            warehouse_url, BeforeEachPut(tmp_path, fail_on_the_second), [SALES], [DAY, NEXT_DAY]
        )
    half = contents(FolderStore(tmp_path))
    export_days(warehouse_url, FolderStore(tmp_path), [SALES], [DAY, NEXT_DAY])
    whole = contents(FolderStore(tmp_path))

    assert half[key(day=NEXT_DAY)] == former[key(day=NEXT_DAY)]
    assert half[key(day=DAY)] == whole[key(day=DAY)] != former[key(day=DAY)]
    assert whole[key(day=NEXT_DAY)] != former[key(day=NEXT_DAY)]


def test_a_connection_lost_on_the_way_leaves_the_former_file(
    warehouse_url: URL, superuser: psycopg.Connection, tmp_path: Path
) -> None:
    insert_sales(warehouse_url, sold_count=1)
    export_days(warehouse_url, FolderStore(tmp_path), [SALES], [DAY])
    former = contents(FolderStore(tmp_path))
    insert_sales(warehouse_url, channel="api")

    def cut_the_connection(_: str) -> None:
        superuser.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            (warehouse_url.database,),
        )

    with pytest.raises(WarehouseUnavailable, match="failed during the export") as failure:
        export_days(warehouse_url, BeforeEachPut(tmp_path, cut_the_connection), [SALES], [DAY])

    assert failure.value.retryable
    assert contents(FolderStore(tmp_path)) == former


def test_an_error_of_the_store_is_not_taken_for_one_of_the_warehouse(
    warehouse_url: URL, tmp_path: Path
) -> None:
    insert_sales(warehouse_url)
    (tmp_path / str(ORGANIZATION)).write_bytes(b"in the way")

    with pytest.raises(StoreError, match="could not be written"):
        export_days(warehouse_url, FolderStore(tmp_path), [SALES], [DAY])


@pytest.mark.parametrize(
    "name", ["report_reconciliation_breaks", "report_sales", "", "reporting.report_sales_daily"]
)
def test_a_table_that_is_no_daily_table_is_refused(
    warehouse_url: URL, folder: FolderStore, name: str
) -> None:
    with pytest.raises(UnknownReport, match="is no daily table; there are report_sales_daily"):
        export_days(warehouse_url, folder, [SALES, name], [DAY])


@pytest.mark.parametrize("table", DAILY_TABLES)
def test_a_day_is_found_by_its_index(warehouse_url: URL, folder: FolderStore, table: str) -> None:
    insert_many(warehouse_url, table, days=200, rows_per_day=20)
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(SQL("analyze {}").format(Identifier("reporting", table)))
    before = scans(warehouse_url, table)

    export_days(warehouse_url, folder, [table], [DAY])

    after = scans(warehouse_url, table)
    assert after["seq_scan"] == before["seq_scan"]
    assert after["idx_scan"] == before["idx_scan"] + 2
    assert after["idx_tup_fetch"] <= before["idx_tup_fetch"] + 40
