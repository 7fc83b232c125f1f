"""A report definition: which report, for which organisation, how often, in which formats.

Its author writes a `DeclaredDefinition`, a file without id and version:

    slug, name, category, schedule, status, formats, config
    organization_id     absent: a template, for every organisation

The catalogue keeps it as a `ReportDefinition`, with an id and a version.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from reporting_pipeline.report_definitions.config import ReportConfig, readable_text
from reporting_pipeline.report_definitions.document import InvalidField, yaml_text
from reporting_pipeline.report_definitions.filters import tuple_of
from reporting_pipeline.report_definitions.period_rules import DEFAULT_AFTER_EVENT

# Every id is made from this one: it must never change.
_NAMESPACE = UUID("5f2d0c1e-6a1b-4c57-9d5e-2b7a8e3f4c90")

_FROM_TEXT = Field(strict=False)
# The store refuses these names in its keys (`store.object_store`).
_DEVICE_NAME = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


class Category(StrEnum):
    """The purpose of a report; a financial one is held while its days run."""

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
    """The state of a definition; schedules run active ones only."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


class ReportFormat(StrEnum):
    """The formats of report files; each value is also the file name extension."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"
    PARQUET = "parquet"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDefinition:
    """One numbered version of a report definition; versions never change.

    Attributes:
        id: The same for all versions.
        slug: Its name in paths, unique within the organisation: `daily-sales`.
        version: 1 for the first.
        formats: In the order in which they were declared.
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


def _storable(slug: str) -> str:
    """A slug as it is; no store takes a folder with the name of a device of Windows."""
    if _DEVICE_NAME.fullmatch(slug):
        message = f"{slug} is the name of a device, which no store of files takes; add a word"
        raise ValueError(message)
    return slug


class DeclaredDefinition(BaseModel):
    """A definition as its author writes it.

    Attributes:
        slug: Small letters, digits and single hyphens; its name in paths.
        organization_id: None: for every organisation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slug: Annotated[
        str,
        Field(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"),
        AfterValidator(_storable),
    ]
    organization_id: Annotated[UUID | None, _FROM_TEXT] = None
    name: Annotated[str, Field(max_length=200), AfterValidator(readable_text)]
    category: Annotated[Category, _FROM_TEXT]
    schedule: Annotated[Schedule, _FROM_TEXT]
    status: Annotated[Status, _FROM_TEXT] = Status.DRAFT
    formats: Annotated[
        tuple[Annotated[ReportFormat, _FROM_TEXT], ...],
        BeforeValidator(tuple_of),
        Field(min_length=1, max_length=len(ReportFormat)),
    ]
    config: ReportConfig

    @field_validator("formats")
    @classmethod
    def _formats_differ(cls, formats: tuple[ReportFormat, ...]) -> tuple[ReportFormat, ...]:
        if len(set(formats)) < len(formats):
            message = "a format is given twice"
            raise ValueError(message)
        return formats

    def invalid_fields(self) -> list[InvalidField]:
        """The fields in which schedule, period and category contradict each other."""
        rule = self.config.period.rule
        covers_event = rule == "event_to_date"
        if self.schedule is Schedule.POST_EVENT and not covers_event:
            reason = f"{rule} does not cover one event; post_event needs event_to_date"
            return [InvalidField("config.period.rule", reason)]
        if covers_event and self.schedule not in {Schedule.POST_EVENT, Schedule.MANUAL}:
            reason = f"{self.schedule} names no event; event_to_date needs post_event or manual"
            return [InvalidField("schedule", reason)]
        return self._invalid_after_event()

    def _invalid_after_event(self) -> list[InvalidField]:
        after = self.config.after_event
        if self.schedule is not Schedule.POST_EVENT and after != DEFAULT_AFTER_EVENT:
            return [InvalidField("config.after_event", "is only for schedule post_event")]
        if self.category is Category.FINANCIAL and after.doors_hours is not None:
            reason = "a financial report is held until its day ends"
            return [InvalidField("config.after_event.doors_hours", reason)]
        return []

    @classmethod
    def from_version(cls, definition: ReportDefinition) -> Self:
        """The declaration of a stored version."""
        return cls(**{name: getattr(definition, name) for name in cls.model_fields})

    def for_organization(self, organization_id: UUID) -> "DeclaredDefinition":
        """The same, for that organisation."""
        return self.model_copy(update={"organization_id": organization_id})

    def as_version(self, version: int) -> ReportDefinition:
        """The definition with this version number.

        Raises:
            ValueError: It is a template.
        """
        if self.organization_id is None:
            message = f"{self.slug} is a template; name the organisation"
            raise ValueError(message)
        return ReportDefinition(
            id=definition_id(self.organization_id, self.slug), version=version, **dict(self)
        )

    def to_yaml(self) -> str:
        """Its only form as YAML: fields in their order, those with default values left out."""
        config = self.config.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        fields = self.model_dump(mode="json", exclude={"config"}, exclude_none=True)
        return yaml_text({**fields, "config": _with_bare_names(config)})


def definition_id(organization_id: UUID, slug: str) -> UUID:
    """The id of a definition, for all its versions: the same wherever it is applied."""
    return uuid5(_NAMESPACE, f"{organization_id}/{slug}")


def _with_bare_names(config: dict[str, Any]) -> dict[str, Any]:
    """The config with bare names where only a name is given."""
    brief = {
        "columns": [_bare_name(each, "name") for each in config.get("columns", ())],
        "sort": [_bare_name(each, "column") for each in config.get("sort", ())],
        "period": _bare_name(config.get("period", {}), "rule"),
        "blocks": [_with_bare_names(each) for each in config.get("blocks", ())],
    }
    return {name: brief.get(name, value) for name, value in config.items()}


def _bare_name(fields: dict[str, Any], name: str) -> Any:
    return fields[name] if set(fields) == {name} else fields
