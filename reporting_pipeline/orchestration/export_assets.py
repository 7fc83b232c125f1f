"""The reports that are due: daily, weekly, monthly, and after events.

A run generates every report that is due for its partitions, whichever organisation's and in all
formats. The seals decide which are published (`reporting_pipeline.publishing.gate`).

What belongs here: the assets. What does not: generating (`reporting_pipeline.delivery`), and what a
step shows of it (`export_results`).
"""

from datetime import date
from uuid import UUID

import dagster as dg

from reporting_pipeline.orchestration.asset_keys import SEALS
from reporting_pipeline.orchestration.export_results import tell
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS,
    due_days,
    report_months,
    report_weeks,
)
from reporting_pipeline.orchestration.report_assets import OWNER
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.orchestration.run_wishes import ONLY_MISSING_TAG
from reporting_pipeline.report_definitions.definition import Schedule


def export_assets(first_day: date, days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The reports of every schedule that makes them due."""
    own_days = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    # A week that begins on another day than Monday begins in the partition before.
    with_former = dg.TimeWindowPartitionMapping(
        start_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    return [
        _scheduled_reports(Schedule.DAILY, days, own_days),
        _scheduled_reports(Schedule.WEEKLY, report_weeks(first_day), with_former),
        _scheduled_reports(Schedule.MONTHLY, report_months(first_day), own_days),
        _event_reports(),
    ]


def _scheduled_reports(
    schedule: Schedule,
    partitions: dg.TimeWindowPartitionsDefinition,
    rests_on: dg.TimeWindowPartitionMapping,
) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"{schedule}_reports",
        deps=[dg.AssetDep(SEALS, partition_mapping=rests_on)],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=f"Files of the {schedule} reports that are due right after a partition's days.",
        owners=[OWNER],
        kinds={"csv", "xlsx", "pdf"},
    )
    def scheduled_reports(
        context: dg.AssetExecutionContext, reports: dg.ResourceParam[Reports]
    ) -> None:
        keys = {day: key for key in context.partition_keys for day in due_days(partitions, key)}
        with step_failures():
            results = reports.generate_due(
                schedule, keys, is_only_missing=_is_only_missing(context)
            )
            tell(context, reports.store(), results, lambda due: keys[due.as_of])

    return scheduled_reports


def _event_reports() -> dg.AssetsDefinition:
    @dg.asset(
        deps=[dg.AssetDep(SEALS, partition_mapping=dg.AllPartitionMapping())],
        partitions_def=ENDED_EVENTS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=(
            "Files of the reports that are due after an event: hours after its doors, the day "
            "after it, and when it is final, as each definition says."
        ),
        owners=[OWNER],
        kinds={"csv", "xlsx", "pdf"},
    )
    def event_reports(
        context: dg.AssetExecutionContext, reports: dg.ResourceParam[Reports]
    ) -> None:
        with step_failures():
            results = reports.generate_after_events(
                {UUID(key) for key in context.partition_keys},
                is_only_missing=_is_only_missing(context),
            )
            tell(context, reports.store(), results, lambda due: str(due.request.period.event_id))

    return event_reports


def _is_only_missing(context: dg.AssetExecutionContext) -> bool:
    """Whether the run was asked for to fill gaps: what exists already stays as it is."""
    return ONLY_MISSING_TAG in context.run.tags
