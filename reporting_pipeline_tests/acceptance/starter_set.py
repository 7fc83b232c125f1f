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
from reporting_pipeline.report_definitions.definition import (
    DeclaredDefinition,
    ReportDefinition,
    ReportFormat,
)
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


def starter_requests(
    pipeline: Pipeline,
    locale: str = "",
    organizations: Sequence[UUID] = (BERLIN, TOKYO),
    period: Period = _YEAR,
    *,
    is_provisional_allowed: bool = False,
) -> list[ReportRequest]:
    """The starter reports of organisations, for a period or for each event.

    Args:
        pipeline: Its warehouse gets the definitions.
        locale: Of the files; empty: as the definitions have it.
        organizations: The organisations.
        period: Of reports that are not about an event.
        is_provisional_allowed: Reports are published over days that are held, too.
    """
    shipped = [_declared(each, locale) for each in read_folder(STARTER_SET)]
    declared = for_organizations(shipped, organizations)
    with warehouse_connection(pipeline.warehouse) as connection:
        applied = apply_definitions(connection, declared, NOW)
        dues = event_due_times(connection, DEFAULT_AFTER_EVENT.moments[-1:])
    due = {each.event_id: (each.organization_id, each.as_of) for each in dues}
    return [
        ReportRequest(
            definition=each.definition, period=days, is_provisional_allowed=is_provisional_allowed
        )
        for each in applied
        for days in _periods(each.definition, due, period)
    ]


def _declared(declared: DeclaredDefinition, locale: str) -> DeclaredDefinition:
    """The definition in a locale, published without rows too; no-shows keeps its own word."""
    changes: dict[str, object] = {"locale": locale} if locale else {}
    if declared.slug != "no-shows":
        changes["skip_empty"] = False
    config = declared.config.model_copy(update=changes)
    return declared.model_copy(update={"config": config})


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
        outcomes = generator.generate(
            definition,
            request.period,
            *formats,
            is_provisional_allowed=request.is_provisional_allowed,
        )
        for outcome in outcomes:
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


def _periods(
    definition: ReportDefinition, due: dict[UUID, tuple[UUID, date]], period: Period
) -> Iterator[Period]:
    rule = definition.config.period
    if rule.rule != "event_to_date":
        yield period
        return
    for event_id, (organization_id, as_of) in due.items():
        if organization_id == definition.organization_id:
            yield resolve(rule, as_of, event_id)
