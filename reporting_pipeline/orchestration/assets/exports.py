"""The report files: daily, weekly, monthly, after events, and restated reports.

A run generates every report that is due for its partitions, of all organisations and in all
formats; its config (`ExportConfig`) narrows them down to one report. The seals decide which of them
are published (`reporting_pipeline.publishing`).
"""

from datetime import date
from uuid import UUID

import dagster as dg
from pydantic import Field

from reporting_pipeline.due.due_reports import ReportChoice
from reporting_pipeline.orchestration.assets.export_results import (
    BatchSummary,
    end_step,
    read_names,
    show_results,
)
from reporting_pipeline.orchestration.assets.lineage import DATASET_KEYS, SEALS
from reporting_pipeline.orchestration.assets.steps import (
    FILE_KINDS,
    REPORTING_TEAM,
    RETRIES,
    step_failures,
)
from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS,
    due_days,
    partition_keys_of,
    report_months,
    report_weeks,
)
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.orchestration.run_requests import ONLY_MISSING_TAG
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule


class ExportConfig(dg.Config):
    """The reports that a run generates of those that are due; by default all of them."""

    # The launchpad shows a field only if its default is not null.
    definition: str | None = Field(
        "",
        description=(
            "Slug of one report definition, also a draft or paused one. Empty: all active "
            "definitions of the asset's schedule."
        ),
    )
    organization: str | None = Field(
        "", description="Id or name of one organisation. Empty: all organisations."
    )
    format: str | None = Field(
        "",
        description=(
            f"One format: {', '.join(ReportFormat)}. Empty: all formats of each definition."
        ),
    )
    provisional: bool = Field(
        False,
        description="Also publish reports whose days are held, stamped PROVISIONAL.",
    )

    def choice(self) -> ReportChoice:
        """The chosen reports."""
        return ReportChoice(
            slug=self.definition or None,
            organization=self.organization or None,
            format=self.format or None,
            is_provisional_allowed=self.provisional,
        )


def export_assets(first_day: date, days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The reports of each schedule."""
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


def restatement_asset() -> dg.AssetsDefinition:
    """The reports whose days were rebuilt or have become final."""

    @dg.asset(
        deps=[SEALS, *DATASET_KEYS],
        retry_policy=RETRIES,
        group_name="exports",
        description=(
            "Files of reports that are generated again, because days of theirs were rebuilt or "
            "have become final. A report whose bytes stay the same gets no new edition."
        ),
        owners=[REPORTING_TEAM],
        kinds=FILE_KINDS,
    )
    def restated_reports(context: dg.AssetExecutionContext, reports: Reports) -> None:
        summary = BatchSummary()
        with step_failures():
            stale = reports.stale()
            for result in reports.generate_again(stale):
                summary.add(result)
            # Permanent failures are dropped; transient ones are retried.
            if summary.may_pass is None and summary.fault is None:
                reports.forget(stale)
            names = read_names(reports, [summary])
        context.add_asset_metadata(summary.metadata(reports.store.open(), names))
        end_step([summary], names)

    return restated_reports


def _scheduled_reports(
    schedule: Schedule,
    partitions: dg.TimeWindowPartitionsDefinition,
    seal_days: dg.TimeWindowPartitionMapping,
) -> dg.AssetsDefinition:
    @dg.asset(
        name=f"{schedule}_reports",
        deps=[dg.AssetDep(SEALS, partition_mapping=seal_days), *DATASET_KEYS],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=f"Files of the {schedule} reports that are due after the days of a partition.",
        owners=[REPORTING_TEAM],
        kinds=FILE_KINDS,
    )
    def scheduled_reports(
        context: dg.AssetExecutionContext, config: ExportConfig, reports: Reports
    ) -> None:
        keys = {day: key for key in partition_keys_of(context) for day in due_days(partitions, key)}
        with step_failures():
            results = reports.generate_due(
                schedule,
                keys,
                choice=config.choice(),
                is_only_missing=_is_only_missing(context),
            )
            show_results(context, reports, results, lambda due: keys[due.as_of])

    return scheduled_reports


def _event_reports() -> dg.AssetsDefinition:
    @dg.asset(
        deps=[dg.AssetDep(SEALS, partition_mapping=dg.AllPartitionMapping()), *DATASET_KEYS],
        partitions_def=ENDED_EVENTS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=(
            "Files of the reports that are due after an event: hours after the doors open, the day "
            "after the event, or when the event is final, as the report definition says."
        ),
        owners=[REPORTING_TEAM],
        kinds=FILE_KINDS,
    )
    def event_reports(
        context: dg.AssetExecutionContext, config: ExportConfig, reports: Reports
    ) -> None:
        with step_failures():
            results = reports.generate_after_events(
                {UUID(key) for key in partition_keys_of(context)},
                choice=config.choice(),
                is_only_missing=_is_only_missing(context),
            )
            show_results(context, reports, results, lambda due: str(due.request.period.event_id))

    return event_reports


def _is_only_missing(context: dg.AssetExecutionContext) -> bool:
    """True if the run fills gaps: existing reports stay as they are."""
    return ONLY_MISSING_TAG in context.run.tags
