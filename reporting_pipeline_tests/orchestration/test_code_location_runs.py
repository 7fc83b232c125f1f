"""A run in this process: its counts, and the error if it fails."""

import dagster as dg
import pytest

from reporting_pipeline.errors import BuildFailed, SourceContractBroken
from reporting_pipeline.orchestration.assets.steps import step_failures
from reporting_pipeline.orchestration.code_location import _summary


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def fails_unexpectedly() -> None:
    message = "nothing to divide by"
    raise ZeroDivisionError(message)


@dg.asset
def fails_as_expected() -> None:
    message = "ledger.entries has no column amount_minor"
    with step_failures():
        raise SourceContractBroken(message)


@pytest.mark.parametrize(
    ("asset", "reason"),
    [
        (fails_unexpectedly, "step fails_unexpectedly: ZeroDivisionError: nothing to divide by"),
        (fails_as_expected, "ledger.entries has no column amount_minor"),
    ],
)
def test_a_failed_run_names_the_first_cause(asset: dg.AssetsDefinition, reason: str) -> None:
    result = dg.materialize([asset], raise_on_error=False)

    with pytest.raises(BuildFailed, match=reason):
        _summary(result, ["landing"])


def test_a_failed_check_is_counted_and_fails_no_run() -> None:
    @dg.asset
    def figures() -> None:
        pass

    @dg.asset_check(asset=figures)
    def sums_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="1 is not 2")

    summary = _summary(dg.materialize([figures, sums_up]), ["reports"])

    assert (summary.check_count, summary.failed_count, summary.warned_count) == (1, 1, 0)


def test_counts_of_exports_are_summed_over_partitions() -> None:
    days = dg.StaticPartitionsDefinition(["1", "2"])

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def daily_reports(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            context.add_asset_metadata({"ready_count": int(key), "rows": 7}, partition_key=key)

    tags = {"dagster/asset_partition_range_start": "1", "dagster/asset_partition_range_end": "2"}

    summary = _summary(dg.materialize([daily_reports], tags=tags), ["exports"])

    assert summary.counts == {"ready_count": 3}
