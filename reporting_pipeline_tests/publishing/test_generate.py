"""The same rows are the same bytes and the same edition; other rows are the next one."""

import hashlib
import threading
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.catalogue.report_lock import report_lock
from reporting_pipeline.publishing.publish import settle
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import BINARY, ObjectStore, StoredObject
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.given_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    Desk,
    defined,
    one_day,
)

DAY = date(2025, 9, 10)  # EUR 456.00 gross, 186.50 refunded
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"


@pytest.fixture
def desk(season_pipeline: Pipeline, tmp_path: Path) -> Desk:
    return Desk(warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store")))


def test_a_report_is_a_file_a_manifest_and_a_row_that_agree(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)

    report = desk.ask_one(definition, one_day(DAY))

    assert report.storage_path == f"{BERLIN}/revenue/2025-09-10/revenue_2025-09-10.csv"
    content = desk.file(report.storage_path)
    assert content.splitlines()[0] == b"date,event_id,currency,gross_minor,refund_minor"
    assert content.splitlines()[1].endswith(b",EUR,45600,18650")
    manifest = desk.manifest(report.storage_path)
    assert manifest.file is not None
    assert manifest.file.sha256 == report.file_sha256 == hashlib.sha256(content).hexdigest()
    assert (manifest.file.byte_count, report.byte_count) == (len(content), len(content))
    assert (manifest.row_count, report.row_count) == (1, 1)
    rows = content.partition(b"\n")[2]
    assert manifest.rows_sha256 == report.rows_sha256 == hashlib.sha256(rows).hexdigest()
    assert [(t.currency, t.values) for t in manifest.totals] == [
        ("EUR", {"gross_minor": 45600, "refund_minor": 18650})
    ]
    [seal] = manifest.seals
    assert (seal.state, seal.first) == ("final", DAY)
    assert {each.domain for each in manifest.watermarks} == {
        "ledger",
        "scanning",
        "seating",
        "ticketing",
    }


def test_the_same_rows_are_the_same_bytes_and_no_new_edition(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)
    first = desk.ask_one(definition, one_day(DAY))
    before = {key: desk.file(key) for key in desk.store.list_keys()}

    desk.now += timedelta(days=40)
    again = desk.ask_one(definition, one_day(DAY))

    assert (again.edition, again.generated_at) == (1, first.generated_at)
    assert {key: desk.file(key) for key in desk.store.list_keys()} == before


def test_a_wiped_catalogue_gives_the_same_files_again(desk: Desk) -> None:
    desk.ask_one(defined(desk.warehouse, REVENUE), one_day(DAY))
    before = {key: desk.file(key) for key in desk.store.list_keys()}

    desk.query(
        "truncate catalogue.report_definitions, catalogue.report_definition_versions,"
        " catalogue.generated_reports, catalogue.generated_report_editions,"
        " catalogue.restated_rows, catalogue.notices cascade"
    )
    desk.ask_one(defined(desk.warehouse, REVENUE), one_day(DAY))

    assert {key: desk.file(key) for key in desk.store.list_keys()} == before


def test_another_version_of_the_definition_is_the_next_edition(desk: Desk) -> None:
    desk.ask_one(defined(desk.warehouse, REVENUE), one_day(DAY))
    renamed = defined(desk.warehouse, {**REVENUE, "name": "Revenue"})

    report = desk.ask_one(renamed, one_day(DAY))

    # The bytes of a CSV do not say the definition's name: no new edition, but the new version.
    assert (report.edition, report.version) == (1, 2)
    shortened = {**REVENUE, "config": {**_config(), "columns": ["date", "currency", "gross_minor"]}}
    report = desk.ask_one(defined(desk.warehouse, shortened), one_day(DAY))
    assert (report.edition, report.version) == (2, 3)
    assert _causes(desk) == [(1, []), (2, ["definition"])]


def test_an_empty_report_is_a_file_with_its_headers(desk: Desk) -> None:
    report = desk.ask_one(defined(desk.warehouse, REVENUE), one_day(date(2024, 2, 29)))

    assert (report.status, report.row_count) == ("ready", 0)
    assert desk.file(report.storage_path) == b"date,event_id,currency,gross_minor,refund_minor\n"


def test_a_failing_format_does_not_stop_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting_pipeline.exports.pdf.write.MAX_ROWS", 0)
    definition = defined(desk.warehouse, {**REVENUE, "formats": ["pdf", "csv"]})

    pdf, csv = desk.ask(definition, one_day(DAY))

    assert (pdf.report.status, pdf.report.failure_class) == ("failed", "FormatCannotHold")
    assert (csv.report.status, csv.report.failure_class) == ("ready", None)


def test_a_fault_of_the_program_leaves_no_report_running(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("reporting_pipeline.exports.jsonl_format.JsonLinesFormat.write", fail)
    definition = defined(desk.warehouse, {**REVENUE, "formats": ["jsonl", "csv"]})

    jsonl, csv = desk.ask(definition, one_day(DAY))

    assert (jsonl.report.status, jsonl.report.failure_class) == ("failed", "ZeroDivisionError")
    assert csv.report.status == "ready"
    monkeypatch.setattr("reporting_pipeline.publishing.generate.read_report", fail)
    assert [each.report.status for each in desk.ask(definition, one_day(DAY))] == ["failed"] * 2


def test_only_financial_reports_wait_at_the_gate(desk: Desk) -> None:
    desk.query("delete from reporting.sealed_days where date = %s", DAY)

    held = desk.ask_one(defined(desk.warehouse, REVENUE), one_day(DAY))
    open_to_all = desk.ask_one(defined(desk.warehouse, ATTENDANCE), one_day(DAY))

    assert (held.status, held.failure_class, held.edition) == ("held", "held", 0)
    assert held.failure_message == "2025-09-10: the day was built and not checked since"
    assert list(desk.store.list_keys(f"{BERLIN}/attendance")) != []
    assert list(desk.store.list_keys(f"{BERLIN}/revenue")) == []
    assert open_to_all.status == "ready"


def test_days_whose_delay_is_open_are_published_provisional_then_final(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)
    reads = "update landing.source_reads set complete_through = %s::timestamptz"
    desk.query(reads, "2025-09-11T05:00:00Z")  # the day has ended in New York, an hour ago

    early = desk.ask_one(definition, one_day(DAY))
    desk.query(reads, "2025-09-11T06:00:00Z")
    late = desk.ask_one(definition, one_day(DAY))
    desk.query(reads, "2026-09-11T06:00:00Z")
    much_later = desk.ask_one(definition, one_day(DAY))

    assert (early.is_provisional, early.edition) == (True, 1)
    assert (late.is_provisional, late.edition) == (False, 2)
    assert much_later.edition == 2
    assert _causes(desk) == [(1, []), (2, ["seal"])]


def test_rows_that_changed_are_restated(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)
    desk.ask_one(definition, one_day(DAY))

    desk.query(SHIFT, DAY)
    report = desk.ask_one(definition, one_day(DAY))

    assert report.edition == 2
    assert desk.query(
        "select change, column_name, former_value, new_value from catalogue.restatement_changes"
    ) == [("changed", "gross_minor", "45600", "45601")]


class _Killed(BaseException):
    """The process ends here."""


class _DyingStore(ObjectStore):
    """A store whose process dies before or after one of its writes."""

    def __init__(self, store: ObjectStore, place: int, *, after: bool) -> None:
        super().__init__(store.address, store._objects)
        self._store, self._left, self._after = store, place, after

    def put(self, key: str, chunks: Iterable[bytes], media_type: str = BINARY) -> StoredObject:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise _Killed
        stored = self._store.put(key, chunks, media_type)
        if self._left == 0:
            raise _Killed
        return stored

    def location(self, key: str) -> str:
        return self._store.location(key)

    def _failure(self, doing: str, error: Exception) -> Exception:  # type: ignore[override]
        return self._store._failure(doing, error)


# Three writes: the rows, the file, its manifest.
@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_a_death_between_any_two_steps_leaves_the_old_edition_or_the_new_one(
    desk: Desk, place: int, after: bool
) -> None:
    definition = defined(desk.warehouse, REVENUE)
    first = desk.ask_one(definition, one_day(DAY))
    old = desk.file(first.storage_path)
    new = old.replace(b"45600", b"45601")
    desk.query(SHIFT, DAY)
    dying = Desk(warehouse=desk.warehouse, store=_DyingStore(desk.store, place, after=after))

    with pytest.raises(_Killed):
        dying.ask(definition, one_day(DAY))

    settle(desk.warehouse, desk.store, desk.now)
    [report] = desk.catalogue()
    content = desk.file(report.storage_path)
    is_new = (place, after) in {(2, True), (3, False), (3, True)}
    assert content == (new if is_new else old)
    assert report.edition == (2 if is_new else 1)
    assert report.file_sha256 == hashlib.sha256(content).hexdigest()
    manifest = desk.manifest(report.storage_path)
    assert manifest.file is not None
    assert manifest.file.sha256 == report.file_sha256
    assert report.upcoming is None

    # Asked for again, it is the new edition in any case, once.
    report = desk.ask_one(definition, one_day(DAY))
    assert (report.edition, report.status) == (2, "ready")
    assert desk.file(report.storage_path) == new
    assert len(desk.query("select 1 from catalogue.notices where message->>'edition' = '2'")) == 2


def test_a_report_that_is_being_published_is_not_settled(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)
    dying = Desk(warehouse=desk.warehouse, store=_DyingStore(desk.store, 2, after=True))
    with pytest.raises(_Killed):
        dying.ask(definition, one_day(DAY))
    [report] = desk.catalogue()

    with report_lock(desk.warehouse, report.key):
        assert settle(desk.warehouse, desk.store, desk.now) == 0
    assert settle(desk.warehouse, desk.store, desk.now) == 1


def test_many_at_once_make_one_edition(desk: Desk) -> None:
    definition = defined(desk.warehouse, REVENUE)
    threads = [threading.Thread(target=desk.ask, args=(definition, one_day(DAY))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [report] = desk.catalogue()
    assert (report.edition, report.status) == (1, "ready")


def test_all_machine_formats_share_one_digest_of_rows(desk: Desk) -> None:
    formats = [ReportFormat.CSV, ReportFormat.JSONL, ReportFormat.PARQUET]
    definition = defined(desk.warehouse, {**REVENUE, "formats": [str(each) for each in formats]})

    outcomes = desk.ask(definition, one_day(DAY))

    assert [each.report.status for each in outcomes] == ["ready"] * 3
    assert len({each.report.rows_sha256 for each in outcomes}) == 1
    assert len(list(desk.store.list_keys(f"{BERLIN}/revenue/2025-09-10/rows"))) == 1


def test_every_store_gets_the_same_objects(desk: Desk, store: ObjectStore) -> None:
    definition = defined(desk.warehouse, REVENUE)
    desk.ask(definition, one_day(DAY))

    elsewhere = Desk(warehouse=desk.warehouse, store=store)
    [outcome] = elsewhere.ask(definition, one_day(DAY))

    assert outcome.location == store.location(outcome.report.storage_path or "")
    assert {key: elsewhere.file(key) for key in store.list_keys()} == {
        key: desk.file(key) for key in desk.store.list_keys()
    }


@pytest.fixture(autouse=True)
def _no_transaction_stays_open(desk: Desk) -> Iterator[None]:
    yield
    with warehouse_connection(desk.warehouse) as connection:
        left = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and state like 'idle in transaction%'"
        ).fetchone()
    assert left == (0,)


def _config() -> dict[str, object]:
    config = REVENUE["config"]
    assert isinstance(config, dict)
    return config


def _causes(desk: Desk) -> list[tuple[object, ...]]:
    return list(
        desk.query(
            "select edition, causes from catalogue.generated_report_editions order by edition"
        )
    )
