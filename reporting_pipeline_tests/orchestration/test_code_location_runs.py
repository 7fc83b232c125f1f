"""A run in this process: what it says when it fails."""

import dagster as dg
import pytest

from reporting_pipeline.errors import BuildFailed, SourceContractBroken
from reporting_pipeline.orchestration.assets.steps import step_failures
from reporting_pipeline.orchestration.code_location import _summary


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def breaks_unexpectedly() -> None:
    message = "nothing to divide by"
    raise ZeroDivisionError(message)


@dg.asset
def breaks_as_expected() -> None:
    message = "ledger.entries has no column amount_minor"
    with step_failures():
        raise SourceContractBroken(message)


@pytest.mark.parametrize(
    ("asset", "reason"),
    [
        (breaks_unexpectedly, "step breaks_unexpectedly: ZeroDivisionError: nothing to divide by"),
        (breaks_as_expected, "ledger.entries has no column amount_minor"),
    ],
)
def test_failed_run_names_the_first_cause(asset: dg.AssetsDefinition, reason: str) -> None:
    result = dg.materialize([asset], raise_on_error=False)

    with pytest.raises(BuildFailed, match=reason):
        _summary(result, ["landing"])


def test_failed_check_is_counted_and_fails_no_run() -> None:
    @dg.asset
    def figures() -> None:
        pass

    @dg.asset_check(asset=figures)
    def sums_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="1 is not 2")

    summary = _summary(dg.materialize([figures, sums_up]), ["reports"])

    assert (summary.check_count, summary.failed_count, summary.warned_count) == (1, 1, 0)


def test_what_the_exports_count_is_summed_over_partitions() -> None:
    days = dg.StaticPartitionsDefinition(["1", "2"])

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def daily_reports(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            context.add_asset_metadata({"ready_count": int(key), "rows": 7}, partition_key=key)

    tags = {"dagster/asset_partition_range_start": "1", "dagster/asset_partition_range_end": "2"}

    summary = _summary(dg.materialize([daily_reports], tags=tags), ["exports"])

    assert summary.counts == {"ready_count": 3}
