"""What applying definitions does: the difference of what is declared to what stands, as values.

What belongs here: the comparison. What does not: reading and writing the catalogue (`definitions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.declared import DeclaredDefinition
from reporting_pipeline.report_definitions.definition import ReportDefinition, Status

# What decides when which report is due.
_SCHEDULING = frozenset({"schedule", "config.period", "config.after_event"})


class ChangeKind(StrEnum):
    """What applying does to a definition."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that is declared otherwise than it stands.

    Attributes:
        field: `status`, `config.columns`.
        old: As plain values; None where nothing is said.
        new: As plain values; None where nothing is said.
    """

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The difference between a declared definition and its current version.

    Attributes:
        definition: As it is once applied, with the version that it then has.
        former_version: None where it is new.
        fields: What differs, in the order of the fields; of a new one nothing.
    """

    definition: ReportDefinition
    former_version: int | None
    fields: tuple[FieldChange, ...]

    @property
    def kind(self) -> ChangeKind:
        """What applying does."""
        if self.former_version is None:
            return ChangeKind.ADDED
        return ChangeKind.CHANGED if self.fields else ChangeKind.UNCHANGED

    @property
    def is_beginning(self) -> bool:
        """Whether its reports are expected from now on: it begins to run, or by another rule."""
        changed = {each.field for each in self.fields}
        is_activated = "status" in changed and self.definition.status is Status.ACTIVE
        return self.kind is ChangeKind.ADDED or is_activated or bool(changed & _SCHEDULING)

    @property
    def is_new_version(self) -> bool:
        """Whether applying makes a version."""
        return self.definition.version != self.former_version


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedChange(Change):
    """A change that now stands in the catalogue.

    Attributes:
        applied_at: When.
    """

    applied_at: datetime


def require_distinct(declared: Sequence[DeclaredDefinition]) -> None:
    """Refuse what cannot be applied together.

    Raises:
        DefinitionInvalid: Two of them are the same definition, or one is of no organisation.
    """
    seen: set[tuple[UUID | None, str]] = set()
    for each in declared:
        if each.organization_id is None:
            message = f"organization_id: {each.slug} is of no organisation; say which"
            raise DefinitionInvalid(message)
        identity = (each.organization_id, each.slug)
        if identity in seen:
            message = f"slug: {each.slug} of organisation {each.organization_id} is declared twice"
            raise DefinitionInvalid(message)
        seen.add(identity)


def change_of(declared: DeclaredDefinition, standing: Mapping[UUID, ReportDefinition]) -> Change:
    """The change that a definition stands for, given the current versions by id."""
    first = declared.numbered(1)
    former = standing.get(first.id)
    if former is None:
        return Change(definition=first, former_version=None, fields=())
    old, new = _said(former), _said(first)
    fields = tuple(
        FieldChange(field=field, old=old.get(field), new=new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    )
    is_new_version = any(each.field != "status" for each in fields)
    return Change(
        definition=declared.numbered(former.version + is_new_version),
        former_version=former.version,
        fields=fields,
    )


def _said(definition: ReportDefinition) -> dict[str, Any]:
    """Every field of a definition as plain values, those of the config by `config.<name>`."""
    config = definition.config.model_dump(mode="json")
    return {
        "name": definition.name,
        "category": str(definition.category),
        "schedule": str(definition.schedule),
        "status": str(definition.status),
        "formats": [str(each) for each in definition.formats],
    } | {f"config.{name}": value for name, value in config.items()}
