"""What a report definition is: which report, for whom, when, in which formats.

What belongs here: the value and its words. What does not: what `config` may say (`config`), the
statement that it compiles to (`compile`), and where definitions are kept (`catalogue`).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from reporting_pipeline.report_definitions.config import ReportConfig


class Category(StrEnum):
    """What a report is for; a financial one is published as final only over final seals."""

    FINANCIAL = "financial"
    SALES = "sales"
    OPERATIONAL = "operational"


class Schedule(StrEnum):
    """When a report is due."""

    MANUAL = "manual"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    POST_EVENT = "post_event"


class Status(StrEnum):
    """Where a definition stands in its life; schedules run active ones only."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class ReportFormat(StrEnum):
    """The formats of report files, named as their extensions are."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"
    PARQUET = "parquet"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDefinition:
    """One numbered version of a report definition; versions never change.

    Attributes:
        id: Of the definition, over all its versions.
        slug: Its name in paths, unique within the organisation: `daily-sales`.
        version: 1 for the first.
        formats: In the order in which they were asked for.
    """

    id: UUID
    organization_id: UUID
    slug: str
    name: str
    category: Category
    schedule: Schedule
    status: Status
    formats: tuple[ReportFormat, ...]
    version: int
    config: ReportConfig
