"""Generates the starter set over the season: every definition, organisation and format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.report_calendar import event_due_times
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
)
from reporting_pipeline.report_definitions.period_rules import DEFAULT_AFTER_EVENT, resolve
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import BERLIN, NOW, TOKYO, ReportGenerator

MACHINE_FORMATS = (ReportFormat.CSV, ReportFormat.XLSX, ReportFormat.PARQUET, ReportFormat.JSONL)
_YEAR = Period(first=date(2025, 1, 1), end=date(2026, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterFile:
    """One file of a starter report.

    Attributes:
        row_count: The number of rows in the catalogue.
    """

    slug: str
    organization_id: UUID
    period: Period
    format: ReportFormat
    csv_profile: str
    path: Path
    row_count: int


def starter_requests(pipeline: Pipeline) -> list[ReportRequest]:
    """The starter reports of both organisations, for the year or for each event."""
    declared = for_organizations(read_folder(STARTER_SET), [BERLIN, TOKYO])
    with warehouse_connection(pipeline.warehouse) as connection:
        applied = apply_definitions(connection, declared, NOW)
        dues = event_due_times(connection, DEFAULT_AFTER_EVENT.moments[-1:])
    due = {each.event_id: (each.organization_id, each.as_of) for each in dues}
    return [
        ReportRequest(definition=each.definition, period=period)
        for each in applied
        for period in _periods(each.definition, due)
    ]


def generated_files(
    pipeline: Pipeline,
    store: Path,
    requests: Sequence[ReportRequest],
    formats: Sequence[ReportFormat] = MACHINE_FORMATS,
) -> Iterator[StarterFile]:
    """Generate reports into a folder; assert that each becomes ready."""
    generator = ReportGenerator(warehouse=pipeline.warehouse, store=open_store(str(store)))
    for request in requests:
        definition = request.definition
        for outcome in generator.generate(definition, request.period, *formats):
            report = outcome.report
            assert report.status == "ready", report
            assert report.storage_path is not None
            assert report.row_count is not None
            yield StarterFile(
                slug=report.slug,
                organization_id=report.organization_id,
                period=request.period,
                format=ReportFormat(report.format),
                csv_profile=definition.config.csv_profile,
                path=store / report.storage_path,
                row_count=report.row_count,
            )


def _periods(definition: ReportDefinition, due: dict[UUID, tuple[UUID, date]]) -> Iterator[Period]:
    rule = definition.config.period
    if rule.rule != "event_to_date":
        yield _YEAR
        return
    for event_id, (organization_id, as_of) in due.items():
        if organization_id == definition.organization_id:
            yield resolve(rule, as_of, event_id)
