"""The audit of the store: each way in which a file can be lost, and the way back."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.alerts.alert import Alert
from reporting_pipeline.alerts.store_causes import store_causes
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.report_keys import manifest_key
from reporting_pipeline.catalogue.stored_files import (
    FindingKind,
    longest_unread,
    store_findings,
)
from reporting_pipeline.errors import StoreError, StoreUnavailable
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.store_audit import AuditScope, StoreAudit, audit_store
from reporting_pipeline.publishing.stored_file import altered_key
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.store.bucket import BucketAccess
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 9, 10)
NIGHTLY = AuditScope(rotation_days=1, max_bytes=10**9, is_restoring=True)
BY_HAND = AuditScope()


@pytest.fixture
def generator(season_pipeline: Pipeline, store: ObjectStore) -> ReportGenerator:
    return ReportGenerator(warehouse=season_pipeline.warehouse, store=store)


@pytest.fixture
def folder_generator(season_pipeline: Pipeline, folder_address: str) -> ReportGenerator:
    return ReportGenerator(warehouse=season_pipeline.warehouse, store=open_store(folder_address))


def publish(generator: ReportGenerator) -> GeneratedReport:
    """Publish the revenue and the attendance of a day; the revenue's row."""
    generator.generate_one(define(generator.warehouse, ATTENDANCE), one_day(DAY))
    return generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))


def publisher(generator: ReportGenerator, at: datetime = NOW) -> Publisher:
    return Publisher(
        warehouse=generator.warehouse,
        store=generator.store,
        final_delay_seconds=7200,
        clock=lambda: at,
    )


def audit(
    generator: ReportGenerator, scope: AuditScope = NIGHTLY, at: datetime = NOW
) -> StoreAudit:
    return audit_store(publisher(generator, at), scope)


def kinds(found: StoreAudit) -> list[FindingKind]:
    return [each.finding for each in found.findings]


def alerts(generator: ReportGenerator) -> list[Alert]:
    with warehouse_connection(generator.warehouse) as connection:
        return list(store_causes(connection))


def change_rows(generator: ReportGenerator) -> None:
    generator.query(
        "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s",
        DAY,
    )


def current(generator: ReportGenerator, report: GeneratedReport) -> GeneratedReport:
    with warehouse_connection(generator.warehouse) as connection:
        found = generated_report(connection, report.id)
    assert found is not None
    return found


def test_a_store_that_is_right_has_no_finding(generator: ReportGenerator) -> None:
    publish(generator)

    for scope in (NIGHTLY, BY_HAND):
        found = audit(generator, scope)
        assert (found.findings, found.folder_count, found.file_count) == ([], 1, 2)
        assert found.read_count == 2
    assert alerts(generator) == []


def test_a_file_that_is_gone_is_generated_again_with_the_same_bytes(
    generator: ReportGenerator,
) -> None:
    report = publish(generator)
    bytes_before = generator.file(report.storage_path)
    generator.store.delete(report.storage_path or "")

    found = audit(generator)

    assert (kinds(found), found.restored_count) == ([FindingKind.GONE], 1)
    assert "with the same bytes, and put again" in found.findings[0].consequence
    assert generator.file(report.storage_path) == bytes_before
    assert current(generator, report) == report
    assert audit(generator).findings == []
    assert alerts(generator) == []


@pytest.mark.parametrize("content", [b"", b"gone bad", None], ids=["empty", "shorter", "same size"])
def test_an_altered_file_is_kept_aside_and_the_right_one_is_put_again(
    content: bytes | None, generator: ReportGenerator
) -> None:
    report = publish(generator)
    bytes_before = generator.file(report.storage_path)
    altered = bytes_before.replace(b",", b";") if content is None else content
    put = generator.store.put(report.storage_path or "", [altered])

    found = audit(generator)

    kind = FindingKind.DIGEST if content is None else FindingKind.SIZE
    assert (kinds(found), found.restored_count) == ([kind], 1)
    assert generator.file(report.storage_path) == bytes_before
    kept = altered_key(report.key, report.storage_path or "", put.sha256)
    assert generator.file(kept) == altered
    assert kept in found.findings[0].consequence
    assert audit(generator).findings == []  # what is kept aside is known


def test_a_flipped_bit_is_found_when_the_bytes_are_read(
    folder_generator: ReportGenerator,
) -> None:
    report = publish(folder_generator)
    path = Path(folder_generator.store.location(report.storage_path or ""))
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    with path.open("r+b") as file:  # in place, so that inode, size and time stay
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert audit(folder_generator, replace(NIGHTLY, max_bytes=0)).findings == []
    found = audit(folder_generator)

    assert (kinds(found), found.restored_count) == ([FindingKind.DIGEST], 1)


def test_nothing_is_overwritten_if_the_rows_give_other_bytes_now(
    generator: ReportGenerator,
) -> None:
    report = publish(generator)
    generator.store.put(report.storage_path or "", [b"altered"])
    change_rows(generator)

    found = audit(generator)

    assert (kinds(found), found.restored_count) == ([FindingKind.SIZE], 0)
    assert generator.file(report.storage_path) == b"altered"
    [alert] = alerts(generator)
    assert alert.organization_id == BERLIN
    assert alert.message.startswith(
        f"revenue of organisation Nordlicht Bühne GmbH ({BERLIN}), {DAY} (csv): the file is"
    )
    assert "so nothing was overwritten" in alert.message
    # A person who exports it again gets the next edition, and the altered file is kept.
    generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))
    assert current(generator, report).edition == 2
    assert any("/altered/" in key for key in generator.store.list_keys(str(BERLIN)))
    assert alerts(generator) == []
    assert audit(generator).findings == []


def test_a_file_that_comes_back_is_no_finding_any_more(generator: ReportGenerator) -> None:
    report = publish(generator)
    content = generator.file(report.storage_path)
    generator.store.delete(report.storage_path or "")
    change_rows(generator)
    assert kinds(audit(generator)) == [FindingKind.GONE]
    assert len(alerts(generator)) == 1

    generator.store.put(report.storage_path or "", [content])

    assert audit(generator).findings == []
    assert alerts(generator) == []


@pytest.mark.parametrize("content", [None, b"{}", b"not JSON"])
def test_the_manifest_beside_a_file_is_put_again(
    content: bytes | None, generator: ReportGenerator
) -> None:
    report = publish(generator)
    key = manifest_key(report.storage_path or "")
    before = generator.file(key)
    if content is None:
        generator.store.delete(key)
    else:
        generator.store.put(key, [content])

    found = audit(generator, replace(BY_HAND, is_restoring=True))

    assert (kinds(found), found.restored_count) == ([FindingKind.MANIFEST], 1)
    assert generator.file(key) == before


@pytest.mark.parametrize("key", [f"{BERLIN}/revenue/2025-09-10/revenue.pdf", "strangers/a.txt"])
def test_a_file_that_no_report_has_is_named_and_left(key: str, generator: ReportGenerator) -> None:
    publish(generator)
    generator.store.put(key, [b"who was it?"])

    found = audit(generator)

    assert [(each.finding, each.storage_path) for each in found.findings] == [
        (FindingKind.UNKNOWN, key)
    ]
    assert generator.file(key) == b"who was it?"
    [alert] = alerts(generator)
    assert key in alert.message
    generator.store.delete(key)
    assert audit(generator).findings == []
    assert alerts(generator) == []


def test_by_hand_nothing_is_changed_unless_that_is_asked_for(generator: ReportGenerator) -> None:
    report = publish(generator)
    generator.store.delete(report.storage_path or "")

    assert kinds(audit(generator, BY_HAND)) == [FindingKind.GONE]
    assert not generator.store.exists(report.storage_path or "")
    assert audit(generator, replace(BY_HAND, is_restoring=True)).restored_count == 1


def test_only_the_named_organisation_is_looked_at(generator: ReportGenerator) -> None:
    report = publish(generator)
    generator.generate_one(define(generator.warehouse, REVENUE, TOKYO), one_day(DAY))
    generator.store.delete(report.storage_path or "")

    of_tokyo = audit(generator, replace(BY_HAND, organization_ids=[TOKYO]))
    of_berlin = audit(generator, replace(BY_HAND, organization_ids=[BERLIN]))

    assert (of_tokyo.file_count, of_tokyo.findings) == (1, [])
    assert kinds(of_berlin) == [FindingKind.GONE]


def test_each_folder_is_listed_once_in_the_rotation(folder_generator: ReportGenerator) -> None:
    publish(folder_generator)
    folder_generator.generate_one(define(folder_generator.warehouse, REVENUE, TOKYO), one_day(DAY))
    scope = replace(NIGHTLY, rotation_days=2, max_bytes=0)
    nights = [NOW + timedelta(days=night) for night in range(4)]

    listed = [audit(folder_generator, scope, at).file_count for at in nights]

    assert sorted(listed[:2]) == [1, 2]
    assert listed[2:] == listed[:2]


def test_the_files_unread_for_the_longest_time_are_read_first(
    folder_generator: ReportGenerator,
) -> None:
    report = publish(folder_generator)
    size = min(each.byte_count or 0 for each in folder_generator.catalogue())
    scope = replace(NIGHTLY, max_bytes=size)
    first = audit(folder_generator, scope, NOW + timedelta(days=1))
    with warehouse_connection(folder_generator.warehouse) as connection:
        [unread, *_] = longest_unread(connection, 10**9)
    second = audit(folder_generator, scope, NOW + timedelta(days=2))
    with warehouse_connection(folder_generator.warehouse) as connection:
        read = connection.execute("select report_id, read_at from catalogue.stored_files")
        read_at = dict(read.fetchall())

    assert (first.read_count, second.read_count) == (1, 1)
    assert len(read_at) == 2
    assert read_at[unread] == NOW + timedelta(days=2)
    assert report.id in read_at


def test_a_store_without_any_file_is_not_filled_again_by_itself(
    folder_generator: ReportGenerator,
) -> None:
    definition = define(folder_generator.warehouse, REVENUE)
    for offset in range(5):
        folder_generator.generate_one(definition, one_day(DAY + timedelta(days=offset)))
    for key in list(folder_generator.store.list_keys()):
        folder_generator.store.delete(key)

    found = audit(folder_generator)

    assert kinds(found).count(FindingKind.GONE) == 5
    assert found.restored_count == 0
    assert "is mounted" in found.findings[0].consequence
    forced = replace(BY_HAND, is_restoring=True, is_forced=True)
    by_hand = audit(folder_generator, forced)
    assert by_hand.restored_count == len(by_hand.findings) > 0
    assert audit(folder_generator).findings == []


@pytest.fixture
def unreachable() -> ObjectStore:
    """A bucket whose server does not run."""
    access = BucketAccess(
        endpoint="http://127.0.0.1:1",
        region="us-east-1",
        access_key_id="a",
        secret_access_key="b",  # noqa: S106
    )
    return open_store("s3://exports/reports", access)


def test_no_file_is_gone_because_the_store_is_down(
    folder_generator: ReportGenerator, unreachable: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reporting_pipeline.store.bucket._RETRIES", 0)
    publish(folder_generator)
    down = ReportGenerator(warehouse=folder_generator.warehouse, store=unreachable)

    with pytest.raises(StoreUnavailable, match=r"s3://exports/reports: .* could not be listed"):
        audit(down)

    with warehouse_connection(folder_generator.warehouse) as connection:
        assert store_findings(connection) == []
    assert audit(folder_generator).findings == []


def test_no_file_is_gone_because_the_store_refuses(
    season_pipeline: Pipeline, bucket_address: str, s3_server: object
) -> None:
    generator = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(bucket_address)
    )
    publish(generator)
    wrong = BucketAccess(access_key_id="nobody", secret_access_key="wrong")  # noqa: S106
    refused = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(bucket_address, wrong)
    )

    with pytest.raises(StoreError, match="the server answered 403"):
        audit(refused)

    with warehouse_connection(season_pipeline.warehouse) as connection:
        assert store_findings(connection) == []


def test_no_file_is_gone_because_the_bucket_is_missing(
    season_pipeline: Pipeline, moto_address: str
) -> None:
    generator = ReportGenerator(warehouse=season_pipeline.warehouse, store=open_store(moto_address))
    publish(generator)
    missing = ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store("s3://no-such-bucket/reports")
    )

    with pytest.raises(StoreError, match=r"no such bucket|NoSuchBucket"):
        audit(missing)


def test_an_interrupted_publication_is_no_finding(folder_generator: ReportGenerator) -> None:
    report = publish(folder_generator)
    folder_generator.query(
        "update catalogue.generated_reports set upcoming = jsonb_build_object("
        " 'storage_path', storage_path, 'manifest', manifest, 'landed_through', null,"
        " 'generated_at', generated_at)::json where id = %s",
        report.id,
    )

    assert audit(folder_generator).findings == []


def test_many_losses_of_an_organisation_are_one_alert(folder_generator: ReportGenerator) -> None:
    for number in range(30):
        folder_generator.store.put(f"{BERLIN}/stranger/{number}.txt", [b"x"])
    publish(folder_generator)

    assert len(audit(folder_generator).findings) == 30
    [alert] = alerts(folder_generator)
    assert alert.count == 30
    assert "and 29 more files" in alert.message


def test_all_formats_are_generated_again_with_the_same_bytes(
    folder_generator: ReportGenerator,
) -> None:
    formats = [each.value for each in ReportFormat]
    definition = define(folder_generator.warehouse, {**REVENUE, "formats": formats})
    outcomes = folder_generator.generate(definition, one_day(DAY))
    before = {
        path: folder_generator.file(path)
        for path in (each.report.storage_path for each in outcomes)
    }
    for path in before:
        folder_generator.store.put(path or "", [b"altered"])
    folder_generator.now = datetime(2026, 5, 1, tzinfo=UTC)

    found = audit(folder_generator, at=datetime(2026, 5, 1, tzinfo=UTC))

    assert found.restored_count == len(formats) == len(found.findings)
    assert {path: folder_generator.file(path) for path in before} == before


def test_a_look_that_waits_for_the_first_commit_sees_it(
    folder_generator: ReportGenerator,
) -> None:
    report = publish(folder_generator)
    with warehouse_connection(folder_generator.warehouse) as connection:
        connection.execute("delete from catalogue.stored_files")

    assert audit(folder_generator, replace(NIGHTLY, max_bytes=0)).read_count == 2
    with warehouse_connection(folder_generator.warehouse) as connection:
        marks = connection.execute("select store_mark from catalogue.stored_files").fetchall()
    assert len(marks) == 2
    assert all(mark for (mark,) in marks)
    assert report.edition == 1
