"""A wish is granted once, a few at a time, and again after a while if its run did not help."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from reporting_pipeline.orchestration.run_wishes import RUNS_PER_SLOT, RunWish, requested_now

WISH = RunWish(job_name="deliver_daily_reports", slot="missing", cause="one report")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def _begin(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    run = dg.DagsterRun(
        job_name=str(request.job_name), tags=request.tags, status=dg.DagsterRunStatus.STARTED
    )
    return instance.add_run(run)


def test_the_same_wish_is_the_same_run(instance: dg.DagsterInstance) -> None:
    now = datetime.now(UTC)

    first, second = (requested_now(instance, [WISH], now) for _ in range(2))

    assert first == second
    assert [each.run_key for each in first] == [each.run_key for each in second]


def test_a_slot_waits_for_its_runs_and_others_do_not(instance: dg.DagsterInstance) -> None:
    now = datetime.now(UTC)
    [request] = requested_now(instance, [WISH], now)
    _begin(instance, request)
    same_slot = RunWish(job_name="deliver_daily_reports", slot="missing", cause="another")
    other_slot = RunWish(job_name="rebuild_days", slot="current", cause="another")

    granted = requested_now(instance, [same_slot, other_slot], now)

    assert [each.job_name for each in granted] == ["rebuild_days"]


def test_a_few_wishes_of_a_slot_are_granted_at_once(instance: dg.DagsterInstance) -> None:
    wishes = [
        RunWish(job_name="rebuild_days", slot="former", cause=str(n), partitions=(str(n), str(n)))
        for n in range(20)
    ]

    granted = requested_now(instance, wishes, datetime.now(UTC))

    assert [each.tags["dagster/asset_partition_range_start"] for each in granted] == [
        str(n) for n in range(RUNS_PER_SLOT)
    ]


def test_a_run_that_did_not_help_is_repeated_after_a_time_that_doubles(
    instance: dg.DagsterInstance,
) -> None:
    keys, waits = [], []
    for _ in range(3):
        now = datetime.now(UTC)
        minutes = next(
            n for n in range(1_000) if requested_now(instance, [WISH], now + timedelta(minutes=n))
        )
        [request] = requested_now(instance, [WISH], now + timedelta(minutes=minutes))
        keys.append(request.run_key)
        waits.append(minutes)
        instance.report_run_failed(_begin(instance, request))

    assert len(set(keys)) == 3
    assert [round(each / 5) for each in waits] == [0, 1, 2]
