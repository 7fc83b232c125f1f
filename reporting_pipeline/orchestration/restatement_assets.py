"""The reports that are generated again: late rows have changed their days, or these have settled.

What belongs here: the asset. What does not: which reports (`due.touched_reports`).
"""

import dagster as dg

from reporting_pipeline.orchestration.asset_keys import SEALS
from reporting_pipeline.orchestration.export_results import BatchSummary, end_step
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.report_assets import OWNER
from reporting_pipeline.orchestration.upkeep import Upkeep


def restatement_asset() -> dg.AssetsDefinition:
    """The reports that rest on rebuilt days, and those whose days have settled."""

    @dg.asset(
        deps=[SEALS],
        retry_policy=RETRIES,
        group_name="exports",
        description=(
            "Reports that are generated again, since days that they rest on were rebuilt or have "
            "become final. One whose bytes stay the same makes no new edition."
        ),
        owners=[OWNER],
        kinds={"csv", "xlsx", "pdf"},
    )
    def restated_reports(
        context: dg.AssetExecutionContext, upkeep: dg.ResourceParam[Upkeep]
    ) -> None:
        summary = BatchSummary()
        with step_failures():
            stale = upkeep.stale()
            for result in upkeep.generate_again(stale):
                summary.add(result)
            # What will fail again keeps nobody waiting; what may pass is looked at again.
            if summary.may_pass is None and summary.fault is None:
                upkeep.forget(stale)
        context.add_asset_metadata(summary.metadata(upkeep.store()))
        end_step([summary])

    return restated_reports
