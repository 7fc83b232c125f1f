"""Sample report definitions, and a generator of their reports for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import apply_definitions
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_reports
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.publishing.generate import Outcome, Publisher, generate
from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

BERLIN = UUID("00000001-0000-4000-8000-000000000001")
TOKYO = UUID("00000001-0000-4000-8000-000000000002")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)

REVENUE: Mapping[str, object] = {
    "slug": "revenue",
    "name": "Revenue, by day",
    "category": "financial",
    "schedule": "daily",
    "status": "active",
    "formats": ["csv"],
    "config": {
        "dataset": "revenue_daily",
        "columns": ["date", "event_id", "currency", "gross_minor", "refund_minor"],
        "period": "previous_day",
        "totals": True,
    },
}
ATTENDANCE: Mapping[str, object] = {
    "slug": "attendance",
    "name": "Attendance",
    "category": "operational",
    "schedule": "daily",
    "status": "active",
    "formats": ["csv"],
    "config": {
        "dataset": "attendance_daily",
        "columns": ["date", "event_id", "gate_id", "ticket_type_id", "admission_count"],
        "period": "previous_day",
    },
}


def define(
    warehouse: URL, mapping: Mapping[str, object], organization_id: UUID = BERLIN
) -> ReportDefinition:
    """Apply a definition; the catalogue's version of it."""
    declared = parse_definition({**mapping, "organization_id": str(organization_id)})
    with warehouse_connection(warehouse) as connection:
        [applied] = apply_definitions(connection, [declared], NOW)
    return applied.definition


def one_day(day: date) -> Period:
    """The period of one report day."""
    return Period(first=day, end=day + timedelta(days=1))


@dataclass
class ReportGenerator:
    """Generates reports, and reads the catalogue and the store."""

    warehouse: URL
    store: ObjectStore
    now: datetime = field(default=NOW)
    signer: Signer | None = None
    replica: Replica | None = None

    def generate(
        self,
        definition: ReportDefinition,
        period: Period,
        *formats: ReportFormat,
        is_provisional_allowed: bool = False,
    ) -> list[Outcome]:
        """Generate a report."""
        publisher = Publisher(
            warehouse=self.warehouse,
            store=self.store,
            final_delay_seconds=7200,
            clock=lambda: self.now,
            signer=self.signer,
            replica=self.replica,
        )
        request = ReportRequest(
            definition=definition, period=period, is_provisional_allowed=is_provisional_allowed
        )
        return generate(publisher, request, formats)

    def generate_one(self, definition: ReportDefinition, period: Period) -> GeneratedReport:
        """Generate a report of one format; its catalogue row."""
        [outcome] = self.generate(definition, period)
        return outcome.report

    def catalogue(self) -> list[GeneratedReport]:
        """All generated reports of the catalogue."""
        with warehouse_connection(self.warehouse) as connection:
            return generated_reports(connection)

    def query(self, statement: str, *values: object) -> Sequence[tuple[object, ...]]:
        """Run a statement in the warehouse; the rows it returns."""
        with warehouse_connection(self.warehouse) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def file(self, key: str | None) -> bytes:
        """The bytes of an object of the store."""
        return b"".join(self.store.get(key or ""))

    def manifest(self, key: str | None) -> Manifest:
        """The manifest beside a file of the store."""
        return Manifest.model_validate_json(self.file(f"{key}.manifest.json"))
