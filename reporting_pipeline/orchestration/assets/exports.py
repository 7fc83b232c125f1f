"""The report files: daily, weekly, monthly, after events, and restated reports.

A run generates every report that is due for its partitions, of all organisations and in all
formats; its config (`ExportConfig`) narrows them down to one report. A report that has not changed
since it was generated is not rendered again. The seals decide which of them are published
(`reporting_pipeline.publishing`).
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
from reporting_pipeline.orchestration.assets.shares import Due, FilesAsset, shared_out
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
    again: bool = Field(
        False,
        description="Also read and render reports that have not changed since they were generated.",
    )

    def choice(self) -> ReportChoice:
        """The chosen reports."""
        return ReportChoice(
            slug=self.definition or None,
            organization=self.organization or None,
            format=self.format or None,
            is_provisional_allowed=self.provisional,
            are_all_rendered=self.again,
        )


def export_assets(
    first_day: date, days: dg.DailyPartitionsDefinition, *, batch_reports: int | None = None
) -> list[dg.AssetsDefinition]:
    """The reports of each schedule.

    Args:
        first_day: The first report day.
        days: Every report day.
        batch_reports: Divide the reports of a run into steps of so many; None: one step has all.
    """
    own_days = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    # A week that begins on another day than Monday begins in the partition before.
    with_former = dg.TimeWindowPartitionMapping(
        start_offset=-1, allow_nonexistent_upstream_partitions=True
    )
    assets = (
        _scheduled_reports(Schedule.DAILY, days, own_days),
        _scheduled_reports(Schedule.WEEKLY, report_weeks(first_day), with_former),
        _scheduled_reports(Schedule.MONTHLY, report_months(first_day), own_days),
        _event_reports(),
    )
    if batch_reports is None:
        return [_undivided(each) for each in assets]
    return [shared_out(each, batch_reports=batch_reports) for each in assets]


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


def _undivided(asset: FilesAsset) -> dg.AssetsDefinition:
    """The asset as one step."""

    @dg.asset(
        name=asset.name,
        deps=asset.deps,
        partitions_def=asset.partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=asset.description,
        owners=[REPORTING_TEAM],
        kinds=FILE_KINDS,
    )
    def report_files(
        context: dg.AssetExecutionContext, config: ExportConfig, reports: Reports
    ) -> None:
        with step_failures():
            due = asset.due(context, config, reports)
            results = reports.generate(due.reports, due.choice)
            show_results(context, reports, results, due.partition_of)

    return report_files


def _scheduled_reports(
    schedule: Schedule,
    partitions: dg.TimeWindowPartitionsDefinition,
    seal_days: dg.TimeWindowPartitionMapping,
) -> FilesAsset:
    def due(context: dg.AssetExecutionContext, config: ExportConfig, reports: Reports) -> Due:
        keys = {day: key for key in partition_keys_of(context) for day in due_days(partitions, key)}
        found = reports.due_after_days(
            schedule, keys, choice=config.choice(), is_only_missing=_is_only_missing(context)
        )
        return Due(
            reports=found, choice=config.choice(), partition_of=lambda each: keys[each.as_of]
        )

    return FilesAsset(
        name=f"{schedule}_reports",
        description=f"Files of the {schedule} reports that are due after the days of a partition.",
        partitions=partitions,
        deps=[dg.AssetDep(SEALS, partition_mapping=seal_days), *map(dg.AssetDep, DATASET_KEYS)],
        config=ExportConfig,
        due=due,
        are_events=False,
    )


def _event_reports() -> FilesAsset:
    def due(context: dg.AssetExecutionContext, config: ExportConfig, reports: Reports) -> Due:
        found = reports.due_after_events(
            {UUID(key) for key in partition_keys_of(context)},
            choice=config.choice(),
            is_only_missing=_is_only_missing(context),
        )
        return Due(
            reports=found,
            choice=config.choice(),
            partition_of=lambda each: str(each.request.period.event_id),
        )

    return FilesAsset(
        name="event_reports",
        description=(
            "Files of the reports that are due after an event: hours after the doors open, the day "
            "after the event, or when the event is final, as the report definition says."
        ),
        partitions=ENDED_EVENTS,
        deps=[
            dg.AssetDep(SEALS, partition_mapping=dg.AllPartitionMapping()),
            *map(dg.AssetDep, DATASET_KEYS),
        ],
        config=ExportConfig,
        due=due,
        are_events=True,
    )


def _is_only_missing(context: dg.AssetExecutionContext) -> bool:
    """True if the run fills gaps: existing reports stay as they are."""
    return ONLY_MISSING_TAG in context.run.tags
