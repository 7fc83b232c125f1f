"""A definition as it is written down: a file, without id and version.

    slug, name, category, schedule, status, formats, config
    organization_id     absent: a template, for every organisation

What belongs here: these fields, and their text. What does not: what `config` may say (`config`),
and versions, which `catalogue` numbers.
"""

from typing import Annotated, Any, Self
from uuid import UUID, uuid5

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from reporting_pipeline.report_definitions.after_event import USUAL
from reporting_pipeline.report_definitions.config import ReportConfig, one_line
from reporting_pipeline.report_definitions.definition import (
    Category,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.document_text import yaml_text
from reporting_pipeline.report_definitions.filters import tuple_of
from reporting_pipeline.report_definitions.problems import Problem

# Every id is made from this one: it must never change.
_NAMESPACE = UUID("5f2d0c1e-6a1b-4c57-9d5e-2b7a8e3f4c90")

_LAX = Field(strict=False)  # text stands for a word or an id


class DeclaredDefinition(BaseModel):
    """A definition as its author writes it.

    Attributes:
        slug: Small letters, digits and single hyphens; its name in paths.
        organization_id: None: for every organisation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    slug: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    organization_id: Annotated[UUID | None, _LAX] = None
    name: Annotated[str, Field(max_length=200), AfterValidator(one_line)]
    category: Annotated[Category, _LAX]
    schedule: Annotated[Schedule, _LAX]
    status: Annotated[Status, _LAX] = Status.DRAFT
    formats: Annotated[
        tuple[Annotated[ReportFormat, _LAX], ...],
        BeforeValidator(tuple_of),
        Field(min_length=1, max_length=len(ReportFormat)),
    ]
    config: ReportConfig

    @field_validator("formats")
    @classmethod
    def _formats_differ(cls, formats: tuple[ReportFormat, ...]) -> tuple[ReportFormat, ...]:
        if len(set(formats)) < len(formats):
            message = "a format stands twice"
            raise ValueError(message)
        return formats

    def problems(self) -> list[Problem]:
        """Where schedule, period and category do not go together."""
        is_of_event = self.config.period.rule == "event_to_date"
        if self.schedule is Schedule.POST_EVENT and not is_of_event:
            reason = (
                f"{self.config.period.rule} is not of one event; post_event needs event_to_date"
            )
            return [Problem("config.period.rule", reason)]
        if is_of_event and self.schedule not in {Schedule.POST_EVENT, Schedule.MANUAL}:
            reason = f"{self.schedule} names no event; event_to_date is for post_event and manual"
            return [Problem("schedule", reason)]
        return self._problems_after_events()

    def _problems_after_events(self) -> list[Problem]:
        after = self.config.after_event
        if self.schedule is not Schedule.POST_EVENT and after != USUAL:
            return [Problem("config.after_event", "only schedule post_event has one")]
        if self.category is Category.FINANCIAL and after.doors_hours is not None:
            reason = "a financial report is held while its day runs"
            return [Problem("config.after_event.doors_hours", reason)]
        return []

    @classmethod
    def of(cls, definition: ReportDefinition) -> Self:
        """A version as it would be declared."""
        return cls(**{name: getattr(definition, name) for name in cls.model_fields})

    def of_organization(self, organization_id: UUID) -> "DeclaredDefinition":
        """The same, for that organisation."""
        return self.model_copy(update={"organization_id": organization_id})

    def numbered(self, version: int) -> ReportDefinition:
        """As a version; it must be of an organisation."""
        if self.organization_id is None:
            message = f"{self.slug} is a template; say for which organisation"
            raise ValueError(message)
        return ReportDefinition(
            id=definition_id(self.organization_id, self.slug), version=version, **dict(self)
        )

    def to_yaml(self) -> str:
        """Its one form as YAML: fields in their order, those that say the usual left out."""
        config = self.config.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        fields = self.model_dump(mode="json", exclude={"config"}, exclude_none=True)
        return yaml_text({**fields, "config": _brief(config)})


def definition_id(organization_id: UUID, slug: str) -> UUID:
    """The id of a definition, over all its versions: the same wherever it is applied."""
    return uuid5(_NAMESPACE, f"{organization_id}/{slug}")


def _brief(config: dict[str, Any]) -> dict[str, Any]:
    """The config with bare names where nothing but a name is said."""
    brief = {
        "columns": [_only(each, "name") for each in config["columns"]],
        "sort": [_only(each, "column") for each in config.get("sort", ())],
        "period": _only(config["period"], "rule"),
    }
    return {name: brief.get(name, value) for name, value in config.items()}


def _only(fields: dict[str, Any], name: str) -> Any:
    return fields[name] if set(fields) == {name} else fields
