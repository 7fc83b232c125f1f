"""A needed run is requested once, a few at a time, and again after a delay if it did not help."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from reporting_pipeline.orchestration.run_requests import RUNS_PER_SLOT, NeededRun, requests_now

NEEDED = NeededRun(job_name="deliver_daily_reports", slot="missing", cause="one report")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _begin(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    run = dg.DagsterRun(
        job_name=str(request.job_name), tags=request.tags, status=dg.DagsterRunStatus.STARTED
    )
    return instance.add_run(run)


def test_the_same_cause_is_the_same_run(instance: dg.DagsterInstance) -> None:
    now = datetime.now(UTC)

    first, second = (requests_now(instance, [NEEDED], now) for _ in range(2))

    assert first == second
    assert [each.run_key for each in first] == [each.run_key for each in second]


def test_a_slot_waits_for_its_own_runs_only(instance: dg.DagsterInstance) -> None:
    now = datetime.now(UTC)
    [request] = requests_now(instance, [NEEDED], now)
    _begin(instance, request)
    same_slot = NeededRun(job_name="deliver_daily_reports", slot="missing", cause="another")
    other_slot = NeededRun(job_name="rebuild_days", slot="current", cause="another")

    requests = requests_now(instance, [same_slot, other_slot], now)

    assert [each.job_name for each in requests] == ["rebuild_days"]


def test_a_slot_gets_a_few_runs_at_a_time(instance: dg.DagsterInstance) -> None:
    needed = [
        NeededRun(job_name="rebuild_days", slot="former", cause=str(n), partitions=(str(n), str(n)))
        for n in range(20)
    ]

    requests = requests_now(instance, needed, datetime.now(UTC))

    assert [each.tags["dagster/asset_partition_range_start"] for each in requests] == [
        str(n) for n in range(RUNS_PER_SLOT)
    ]


def test_a_run_that_did_not_help_is_requested_again_after_a_doubling_delay(
    instance: dg.DagsterInstance,
) -> None:
    keys, waits = [], []
    for _ in range(3):
        now = datetime.now(UTC)
        minutes = next(
            n for n in range(1_000) if requests_now(instance, [NEEDED], now + timedelta(minutes=n))
        )
        [request] = requests_now(instance, [NEEDED], now + timedelta(minutes=minutes))
        keys.append(request.run_key)
        waits.append(minutes)
        instance.report_run_failed(_begin(instance, request))

    assert len(set(keys)) == 3
    assert [round(each / 5) for each in waits] == [0, 1, 2]
