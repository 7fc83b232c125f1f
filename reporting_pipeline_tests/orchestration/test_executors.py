"""Steps run in the process of their run, or on workers that may be killed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest
import redis
from sqlalchemy import URL, make_url

from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.orchestration.assets.shares import Share
from reporting_pipeline.orchestration.executors import executor_of, worker_app
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.shares import (
    DAY,
    define_reports,
    generate_on_two_workers,
    scene_of,
)
from reporting_pipeline_tests.sample_reports import ATTENDANCE, BERLIN

REPORTS = 40
OTHER = "redis://:s3cret@queue:6379/1"


def settings(**values: object) -> Settings:
    return Settings.model_validate({"executor": "celery", "redelivery_seconds": 77, **values})


@pytest.mark.timeout(180)
def test_a_worker_that_is_killed_in_a_share_loses_and_doubles_no_file(
    warehouse_url: URL, redis_url: str, tmp_path: Path
) -> None:
    addresses = {
        "REPORTING_DATABASE_URL": conninfo(warehouse_url),
        "REPORTING_REDIS_URL": redis_url,
        "REPORTING_CELERY_URL": f"{redis_url.rpartition('/')[0]}/1",
    }
    define_reports(warehouse_url, REPORTS)

    scene = scene_of(tmp_path, addresses, batch_reports=10, redelivery_seconds=10)
    found = generate_on_two_workers(scene)

    assert found.repeated_count == 1
    counts = (found.ready_count, found.edition_count, found.file_count)
    assert counts == (REPORTS, REPORTS, REPORTS)
    # Without a word to the worker, each of its steps leaves three.
    assert found.session_count <= 12
    assert _without_passwords(addresses)


def _without_passwords(addresses: Mapping[str, str]) -> bool:
    """True if nothing in the queue's database has a password; it has the results of the steps."""
    passwords = [str(make_url(each).password).encode() for each in addresses.values()]
    with redis.Redis.from_url(addresses["REPORTING_CELERY_URL"]) as client:
        keys = list(client.scan_iter("celery-task-meta-*"))
        values = [client.get(key) or b"" for key in keys]
        queued = b"".join(values)
    return len(keys) > 4 and not any(each in queued for each in passwords)


def due(number: int) -> DueReport:
    declared = parse_definition({**ATTENDANCE, "organization_id": str(BERLIN)})
    definition = ReportDefinition(
        id=UUID(int=number),
        organization_id=BERLIN,
        slug=f"report-{number}",
        name=declared.name,
        category=declared.category,
        schedule=declared.schedule,
        status=declared.status,
        formats=declared.formats,
        version=1,
        config=declared.config,
    )
    request = ReportRequest(definition=definition, period=Period.of_token(str(DAY)))
    return DueReport(as_of=DAY, request=request)


def test_each_report_is_in_exactly_one_share() -> None:
    reports = [due(number) for number in range(100)]
    shares = Share.all_of(len(reports), batch_reports=30)

    assert [each.key for each in shares] == ["0_of_4", "1_of_4", "2_of_4", "3_of_4"]
    assert [Share.of_key(each.key) for each in shares] == shares
    found: Sequence[int] = [sum(share.has(each) for share in shares) for each in reports]
    assert found == [1] * 100
    # What becomes due meanwhile changes the share of no other report.
    assert Share.all_of(0, batch_reports=30) == [Share(0, 1)]


def test_a_worker_keeps_a_step_in_the_queue_until_it_has_ended() -> None:
    conf = worker_app(settings(celery_url=OTHER)).conf

    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] == 77
    assert (conf.broker_url, conf.result_backend) == (OTHER, OTHER)


def test_the_executor_names_the_variable_and_not_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPORTING_CELERY_URL", OTHER)
    executor = executor_of(settings(celery_url=OTHER))
    assert executor.name == "celery"
    assert "s3cret" not in repr(vars(executor))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "REPORTING_CELERY_URL is not set"),
        (
            {"celery_url": "redis://:a@queue/0", "redis_url": "rediss://:b@queue:6379"},
            "names the database of REPORTING_REDIS_URL",
        ),
    ],
)
def test_a_queue_without_a_database_of_its_own_is_refused(
    values: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        executor_of(settings(**values))
    with pytest.raises(SettingsError, match=message):
        worker_app(settings(**values))
