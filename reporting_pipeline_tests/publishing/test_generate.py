"""The same rows give the same bytes and edition; changed rows give the next edition."""

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
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 9, 10)  # EUR 456.00 gross, 186.50 refunded
SHIFT = "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s"


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


def test_the_file_the_manifest_and_the_catalogue_row_agree(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, REVENUE)

    report = generator.generate_one(definition, one_day(DAY))

    assert report.storage_path == f"{BERLIN}/revenue/2025-09-10/revenue_2025-09-10.csv"
    content = generator.file(report.storage_path)
    assert content.splitlines()[0] == b"date,event_id,currency,gross_minor,refund_minor"
    assert content.splitlines()[1].endswith(b",EUR,45600,18650")
    manifest = generator.manifest(report.storage_path)
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


def test_the_same_rows_give_the_same_bytes_and_no_new_edition(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, REVENUE)
    first = generator.generate_one(definition, one_day(DAY))
    before = {key: generator.file(key) for key in generator.store.list_keys()}

    generator.now += timedelta(days=40)
    again = generator.generate_one(definition, one_day(DAY))

    assert (again.edition, again.generated_at) == (1, first.generated_at)
    assert {key: generator.file(key) for key in generator.store.list_keys()} == before


def test_a_wiped_catalogue_gives_the_same_files_again(generator: ReportGenerator) -> None:
    generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    before = {key: generator.file(key) for key in generator.store.list_keys()}

    generator.query(
        "truncate catalogue.report_definitions, catalogue.report_definition_versions,"
        " catalogue.generated_reports, catalogue.generated_report_editions,"
        " catalogue.restated_rows, catalogue.notices cascade"
    )
    generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))

    assert {key: generator.file(key) for key in generator.store.list_keys()} == before


def test_another_version_of_the_definition_is_the_next_edition(generator: ReportGenerator) -> None:
    generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    renamed = define(generator.warehouse, {**REVENUE, "name": "Revenue"})

    report = generator.generate_one(renamed, one_day(DAY))

    # A CSV does not contain the definition's name: no new edition, but the new version.
    assert (report.edition, report.version) == (1, 2)
    shortened = {**REVENUE, "config": {**_config(), "columns": ["date", "currency", "gross_minor"]}}
    report = generator.generate_one(define(generator.warehouse, shortened), one_day(DAY))
    assert (report.edition, report.version) == (2, 3)
    assert _causes(generator) == [(1, []), (2, ["definition"])]


def test_an_empty_report_is_not_published_where_its_definition_says_so(
    generator: ReportGenerator,
) -> None:
    skipping = {**REVENUE, "config": {**_config(), "skip_empty": True}}
    definition = define(generator.warehouse, skipping)

    empty = generator.generate_one(definition, one_day(date(2024, 2, 29)))

    assert (empty.status, empty.edition, empty.storage_path) == ("empty", 0, None)
    assert generator.generate_one(definition, one_day(DAY)).edition == 1
    # An edition that has lost its rows is replaced: nobody takes it for the current figures.
    generator.query("delete from reporting.report_revenue_daily")
    replaced = generator.generate_one(definition, one_day(DAY))
    assert (replaced.status, replaced.edition, replaced.row_count) == ("ready", 2, 0)


def test_an_empty_report_is_a_file_with_its_headers(generator: ReportGenerator) -> None:
    report = generator.generate_one(
        define(generator.warehouse, REVENUE), one_day(date(2024, 2, 29))
    )

    assert (report.status, report.row_count) == ("ready", 0)
    assert (
        generator.file(report.storage_path) == b"date,event_id,currency,gross_minor,refund_minor\n"
    )


def test_a_failing_format_does_not_stop_the_others(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting_pipeline.exports.pdf.pdf_format.PdfFormat.max_rows", 0)
    definition = define(generator.warehouse, {**REVENUE, "formats": ["pdf", "csv"]})

    pdf, csv = generator.generate(definition, one_day(DAY))

    assert (pdf.report.status, pdf.report.failure_class) == ("failed", "FormatCannotHold")
    assert (csv.report.status, csv.report.failure_class) == ("ready", None)


def test_an_unexpected_error_leaves_no_report_running(
    generator: ReportGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("reporting_pipeline.exports.jsonl_format.JsonLinesFormat.write", fail)
    definition = define(generator.warehouse, {**REVENUE, "formats": ["jsonl", "csv"]})

    jsonl, csv = generator.generate(definition, one_day(DAY))

    assert (jsonl.report.status, jsonl.report.failure_class) == ("failed", "ZeroDivisionError")
    assert csv.report.status == "ready"
    monkeypatch.setattr("reporting_pipeline.publishing.generate.read_report", fail)
    assert [each.report.status for each in generator.generate(definition, one_day(DAY))] == [
        "failed"
    ] * 2


def test_only_financial_reports_are_held(generator: ReportGenerator) -> None:
    generator.query("delete from reporting.sealed_days where date = %s", DAY)

    held = generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    unheld = generator.generate_one(define(generator.warehouse, ATTENDANCE), one_day(DAY))

    assert (held.status, held.failure_class, held.edition) == ("held", "held", 0)
    assert held.failure_message == "2025-09-10: the day was built and not checked since"
    assert list(generator.store.list_keys(f"{BERLIN}/attendance")) != []
    assert list(generator.store.list_keys(f"{BERLIN}/revenue")) == []
    assert unheld.status == "ready"


def test_days_within_the_delay_are_published_provisional_then_final(
    generator: ReportGenerator,
) -> None:
    definition = define(generator.warehouse, REVENUE)
    reads = "update landing.source_reads set complete_through = %s::timestamptz"
    generator.query(reads, "2025-09-11T05:00:00Z")  # the day has ended in New York, an hour ago

    early = generator.generate_one(definition, one_day(DAY))
    generator.query(reads, "2025-09-11T06:00:00Z")
    late = generator.generate_one(definition, one_day(DAY))
    generator.query(reads, "2026-09-11T06:00:00Z")
    much_later = generator.generate_one(definition, one_day(DAY))

    assert (early.is_provisional, early.edition) == (True, 1)
    assert (late.is_provisional, late.edition) == (False, 2)
    assert much_later.edition == 2
    assert _causes(generator) == [(1, []), (2, ["seal"])]


def test_rows_that_changed_are_restated(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, REVENUE)
    generator.generate_one(definition, one_day(DAY))

    generator.query(SHIFT, DAY)
    report = generator.generate_one(definition, one_day(DAY))

    assert report.edition == 2
    assert generator.query(
        "select change, column_name, former_value, new_value from catalogue.restatement_changes"
    ) == [("changed", "gross_minor", "45600", "45601")]


class _Killed(BaseException):
    """The process dies here."""


class _DyingStore(ObjectStore):
    """A store whose process dies before or after one of its writes."""

    def __init__(self, store: ObjectStore, place: int, *, after: bool) -> None:
        super().__init__(store.address, store._objects)
        self._store, self._left, self._after = store, place, after

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        media_type: str = BINARY,
        *,
        file_name: str | None = None,
    ) -> StoredObject:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise _Killed
        stored = self._store.put(key, chunks, media_type, file_name=file_name)
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
def test_a_crash_between_any_two_steps_leaves_the_old_edition_or_the_new_one(
    generator: ReportGenerator, place: int, after: bool
) -> None:
    definition = define(generator.warehouse, REVENUE)
    first = generator.generate_one(definition, one_day(DAY))
    old = generator.file(first.storage_path)
    new = old.replace(b"45600", b"45601")
    generator.query(SHIFT, DAY)
    dying = ReportGenerator(
        warehouse=generator.warehouse, store=_DyingStore(generator.store, place, after=after)
    )

    with pytest.raises(_Killed):
        dying.generate(definition, one_day(DAY))

    settle(generator.warehouse, generator.store, generator.now)
    [report] = generator.catalogue()
    content = generator.file(report.storage_path)
    is_new = (place, after) in {(2, True), (3, False), (3, True)}
    assert content == (new if is_new else old)
    assert report.edition == (2 if is_new else 1)
    assert report.file_sha256 == hashlib.sha256(content).hexdigest()
    manifest = generator.manifest(report.storage_path)
    assert manifest.file is not None
    assert manifest.file.sha256 == report.file_sha256
    assert report.upcoming is None

    # Generated again, it is the new edition in any case, once.
    report = generator.generate_one(definition, one_day(DAY))
    assert (report.edition, report.status) == (2, "ready")
    assert generator.file(report.storage_path) == new
    assert (
        len(generator.query("select 1 from catalogue.notices where message->>'edition' = '2'")) == 2
    )


def test_a_report_that_is_being_published_is_not_settled(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, REVENUE)
    dying = ReportGenerator(
        warehouse=generator.warehouse, store=_DyingStore(generator.store, 2, after=True)
    )
    with pytest.raises(_Killed):
        dying.generate(definition, one_day(DAY))
    [report] = generator.catalogue()

    with report_lock(generator.warehouse, report.key):
        assert settle(generator.warehouse, generator.store, generator.now) == 0
    assert settle(generator.warehouse, generator.store, generator.now) == 1


def test_concurrent_generations_make_one_edition(generator: ReportGenerator) -> None:
    definition = define(generator.warehouse, REVENUE)
    threads = [
        threading.Thread(target=generator.generate, args=(definition, one_day(DAY)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [report] = generator.catalogue()
    assert (report.edition, report.status) == (1, "ready")


def test_all_machine_formats_share_one_digest_of_rows(generator: ReportGenerator) -> None:
    formats = [ReportFormat.CSV, ReportFormat.JSONL, ReportFormat.PARQUET]
    definition = define(
        generator.warehouse, {**REVENUE, "formats": [str(each) for each in formats]}
    )

    outcomes = generator.generate(definition, one_day(DAY))

    assert [each.report.status for each in outcomes] == ["ready"] * 3
    assert len({each.report.rows_sha256 for each in outcomes}) == 1
    assert len(list(generator.store.list_keys(f"{BERLIN}/revenue/2025-09-10/rows"))) == 1


def test_every_store_gets_the_same_objects(generator: ReportGenerator, store: ObjectStore) -> None:
    definition = define(generator.warehouse, REVENUE)
    generator.generate(definition, one_day(DAY))

    elsewhere = ReportGenerator(warehouse=generator.warehouse, store=store)
    [outcome] = elsewhere.generate(definition, one_day(DAY))

    assert outcome.location == store.location(outcome.report.storage_path or "")
    assert {key: elsewhere.file(key) for key in store.list_keys()} == {
        key: generator.file(key) for key in generator.store.list_keys()
    }


@pytest.fixture(autouse=True)
def _no_transaction_stays_open(generator: ReportGenerator) -> Iterator[None]:
    yield
    with warehouse_connection(generator.warehouse) as connection:
        left = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and state like 'idle in transaction%'"
        ).fetchone()
    assert left == (0,)


def _config() -> dict[str, object]:
    config = REVENUE["config"]
    assert isinstance(config, dict)
    return config


def _causes(generator: ReportGenerator) -> list[tuple[object, ...]]:
    return list(
        generator.query(
            "select edition, causes from catalogue.generated_report_editions order by edition"
        )
    )
