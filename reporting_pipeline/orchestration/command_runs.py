"""Work of the command line in Dagster: one run for each command, with the events of its assets.

`reporting land`, `build` and `export` need no Dagster. They record afterwards what they did, as a
run that has ended: the materialisations, the results of the checks and the seals, as a run of
Dagster records them. So the UI shows the state of the warehouse, whoever has built it. A command
that fails is a failed run with its error.

If Dagster's storage cannot be reached, the work stays done; the command says that the UI lacks it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from reporting_pipeline.building.build import BuildResult
from reporting_pipeline.checks.checks import Check
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.due.batch import DueResult
from reporting_pipeline.orchestration.assets.day_evaluations import day_evaluations
from reporting_pipeline.orchestration.assets.evaluations import names_of_findings
from reporting_pipeline.orchestration.assets.export_results import BatchSummary
from reporting_pipeline.orchestration.assets.landing import landing_materializations
from reporting_pipeline.orchestration.assets.lineage import report_key
from reporting_pipeline.orchestration.assets.seals import seal_events
from reporting_pipeline.orchestration.assets.tables import Names
from reporting_pipeline.orchestration.instance.command_run import CommandRun, recorded
from reporting_pipeline.orchestration.partitions import (
    add_ended_events,
    days_outside,
    partition_of,
    report_days,
)
from reporting_pipeline.orchestration.run_requests import ASSETS
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landing.land import LandingResult
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBuild:
    """A build of the command line.

    Attributes:
        days: Report table -> the days that were built.
        result: Its counts.
        found: The findings of the checks on all days that were sealed.
    """

    days: Mapping[str, Sequence[date]]
    result: BuildResult
    found: Mapping[Check, Findings]


def record_build(settings: Settings, build: CommandBuild, begun_at: datetime) -> str | None:
    """Record a build, its checks and its seals; return the reason if Dagster cannot."""
    return recorded("build", begun_at, lambda run: _record_build(run, settings, build))


def record_landing(settings: Settings, landed: LandingResult, begun_at: datetime) -> str | None:
    """Record a landing; return the reason if Dagster cannot."""

    def record(run: CommandRun) -> None:
        with warehouse_connection(settings.warehouse_url()) as connection:
            for each in landing_materializations(connection, landed):
                run.materialized([each])

    return recorded("land", begun_at, record)


def record_export(
    settings: Settings, results: Sequence[DueResult], begun_at: datetime
) -> str | None:
    """Record the reports that were generated; return the reason if Dagster cannot."""
    return recorded("export", begun_at, lambda run: _record_export(run, settings, results))


def record_failure(command: str, error: Exception, begun_at: datetime) -> str | None:
    """Record a command that has failed; return the reason if Dagster cannot."""
    return recorded(command, begun_at, error=error)


def _record_export(run: CommandRun, settings: Settings, results: Sequence[DueResult]) -> None:
    days = {each.due.as_of - timedelta(days=1) for each in results}
    outside = set(days_outside(days, report_days(settings.first_day), datetime.now(UTC)))
    summaries: dict[tuple[str, str], BatchSummary] = {}
    event_ids = {}
    for each in results:
        definition, event_id = each.due.request.definition, each.due.request.period.event_id
        is_of_event = definition.schedule is Schedule.POST_EVENT
        is_outside = not is_of_event and each.due.as_of - timedelta(days=1) in outside
        if definition.schedule not in ASSETS or is_outside:
            continue  # manual, or of a day without a partition
        key = str(event_id) if is_of_event else partition_of(definition.schedule, each.due.as_of)
        if is_of_event and event_id is not None:
            event_ids[key] = event_id
        summaries.setdefault((ASSETS[definition.schedule], key), BatchSummary()).add(each)
    add_ended_events(run.instance, list(event_ids.values()))
    named = set(event_ids.values()).union(*(each.event_ids for each in summaries.values()))
    with warehouse_connection(settings.warehouse_url()) as connection:
        names = Names.read(connection, named)
    store = open_store(settings.store_address())
    for (asset, key), summary in summaries.items():
        metadata = summary.metadata(store, names)
        if key in event_ids:
            metadata["event"] = names.table_of_event(event_ids[key])
        run.materialized([dg.AssetMaterialization(asset, partition=key, metadata=metadata)])


def _record_build(run: CommandRun, settings: Settings, build: CommandBuild) -> None:
    sealed = sorted({day for of_check in build.found.values() for day in of_check})
    outside = set(days_outside(sealed, report_days(settings.first_day), datetime.now(UTC)))
    for table, days in build.days.items():
        run.materialized(
            _materializations(table, [day for day in days if day not in outside], build)
        )
    with warehouse_connection(settings.warehouse_url()) as connection:
        names = names_of_findings(connection, build.found.values())
        of_all_days = list(day_evaluations(connection))
    within = {day for day in sealed if day not in outside}
    events = list(seal_events(run.instance, build.found, within, names))
    run.materialized(each for each in events if isinstance(each, dg.AssetMaterialization))
    of_days = (each for each in events if isinstance(each, dg.AssetCheckEvaluation))
    run.evaluated([*of_days, *of_all_days])


def _materializations(
    table: str, days: Sequence[date], build: CommandBuild
) -> Iterator[dg.AssetMaterialization]:
    counts = build.result.row_counts.get(table, {})
    for day in days:
        yield dg.AssetMaterialization(
            report_key(table),
            partition=day.isoformat(),
            metadata={"dagster/partition_row_count": counts.get(day, 0)},
        )
