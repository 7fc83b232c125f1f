"""A run in this process: what it says when it fails."""

import dagster as dg
import pytest

from reporting_pipeline.errors import BuildFailed, SourceContractBroken
from reporting_pipeline.orchestration.failures import step_failures
from reporting_pipeline.orchestration.in_process import _summary


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


def test_failed_check_is_named_with_its_asset() -> None:
    @dg.asset
    def figures() -> None:
        pass

    @dg.asset_check(asset=figures, blocking=True)
    def sums_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="1 is not 2")

    result = dg.materialize([figures, sums_up], raise_on_error=False)

    with pytest.raises(BuildFailed, match="sums_up of all days: 1 is not 2"):
        _summary(result, ["reports"])
