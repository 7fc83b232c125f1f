"""Report definitions in the catalogue: the current version of each, and all former versions.

A new version is made by every change of what a definition reports: name, category, schedule,
formats or config. A change of the status makes no version. Definitions are never removed; an
archived one is no longer used.

A definition that is applied here is the organisation's own: it follows no template any more
(`report_templates`).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Json

from reporting_pipeline.catalogue.notices import write_definition_notice
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.exports.definition_formats import invalid_formats
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.definition import (
    Category,
    DeclaredDefinition,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.document import raise_if_invalid
from reporting_pipeline.report_definitions.parse import parse_config
from reporting_pipeline.sources.landed_names import LandedNames

SCHEDULING = frozenset({"schedule", "config.period", "config.after_event"})
"""A change of these fields changes when reports are due."""

# Organisations that follow a template have the same config.
_MAX_PARSED_CONFIGS = 2_048

_SELECT = """
    select
        definition.id, definition.organization_id, definition.slug, definition.version,
        definition.name, definition.category, definition.schedule, definition.status,
        definition.formats, definition.config::text as config
    from catalogue.report_definitions as definition
"""
_CURRENT = f"""
    {_SELECT}
    where
        definition.organization_id = coalesce(%(organization_id)s, definition.organization_id)
        and definition.slug = coalesce(%(slug)s, definition.slug)
        and definition.schedule = coalesce(%(schedule)s, definition.schedule)
        and definition.status = coalesce(%(status)s, definition.status)
    order by definition.organization_id, definition.slug collate "C"
"""
# The index of an organisation's slugs bounds what is read.
_PAGE = f"""
    {_SELECT}
    where
        definition.organization_id = %(organization_id)s
        and (%(schedule)s::text is null or definition.schedule = %(schedule)s)
        and (%(status)s::text is null or definition.status = %(status)s)
        and (%(after)s::text is null or definition.slug collate "C" > %(after)s)
    order by definition.slug collate "C"
    limit %(limit)s
"""

_VERSION = """
    select
        definition.id, definition.organization_id, definition.slug, numbered.version,
        numbered.name, numbered.category, numbered.schedule, definition.status,
        numbered.formats, numbered.config::text as config
    from catalogue.report_definition_versions as numbered
    inner join catalogue.report_definitions as definition on definition.id = numbered.definition_id
    where numbered.definition_id = %(id)s and numbered.version = %(version)s
"""

_PUT = """
    insert into catalogue.report_definitions (
        id, organization_id, slug, version, name, category, schedule, formats, config, status,
        created_at, updated_at, expected_since
    )
    values (
        %(id)s, %(organization_id)s, %(slug)s, %(version)s, %(name)s, %(category)s, %(schedule)s,
        %(formats)s, %(config)s, %(status)s, %(now)s, %(now)s, %(now)s
    )
    on conflict (id) do update set
        version = excluded.version, name = excluded.name, category = excluded.category,
        schedule = excluded.schedule, formats = excluded.formats, config = excluded.config,
        status = excluded.status, updated_at = excluded.updated_at, template_version = null,
        expected_since = case
            when %(is_beginning)s then excluded.expected_since
            else report_definitions.expected_since
        end
"""

_PUT_VERSION = """
    insert into catalogue.report_definition_versions (
        definition_id, version, name, category, schedule, formats, config, created_at
    )
    values (
        %(id)s, %(version)s, %(name)s, %(category)s, %(schedule)s, %(formats)s, %(config)s, %(now)s
    )
"""

_FOLLOWED = """
    select id, template_version from catalogue.report_definitions where template_version is not null
"""
_LOCK = "select pg_advisory_xact_lock(hashtextextended('report definitions', 0))"


class ChangeKind(StrEnum):
    """The effect of applying a definition."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field whose declared value differs from the current one.

    Attributes:
        field: `status`, `config.columns`.
        old: The current value, as plain values; None if there is none.
        new: The declared value, as plain values; None if there is none.
    """

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The difference between something declared and the stored version of it.

    Attributes:
        former_version: None if it is new.
        fields: The differences, in the order of the fields; empty if it is new.
    """

    former_version: int | None
    fields: tuple[FieldChange, ...]

    @property
    def kind(self) -> ChangeKind:
        """The effect of applying the change."""
        if self.former_version is None:
            return ChangeKind.ADDED
        return ChangeKind.CHANGED if self.fields else ChangeKind.UNCHANGED

    def begins_expectation(self, status: Status) -> bool:
        """True if reports are expected from now on: it becomes active or its schedule changes."""
        changed = {each.field for each in self.fields}
        is_activated = "status" in changed and status is Status.ACTIVE
        return self.kind is ChangeKind.ADDED or is_activated or bool(changed & SCHEDULING)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChange(Change):
    """The difference between a declared definition and its current version.

    Attributes:
        definition: The definition after it is applied, with its version then.
    """

    definition: ReportDefinition

    @property
    def is_beginning(self) -> bool:
        """True if reports of the definition are expected from now on."""
        return self.begins_expectation(self.definition.status)

    @property
    def is_new_version(self) -> bool:
        """True if applying the change makes a new version."""
        return self.definition.version != self.former_version


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedDefinition(DefinitionChange):
    """A change that the catalogue now contains.

    Attributes:
        applied_at: The time of the change.
    """

    applied_at: datetime


def plan_definitions(
    connection: Connection[Any], definitions: Iterable[DeclaredDefinition]
) -> list[DefinitionChange]:
    """The changes that applying would make, in the order given; nothing is written.

    Raises:
        DefinitionInvalid: A definition is declared twice, has no organisation, or has a format that
            can hold none of its reports.
    """
    declared = list(definitions)
    _require_distinct(declared)
    for each in declared:
        raise_if_invalid(invalid_formats(each), each.slug)
    current = {each.id: each for each in definitions_of(connection)}
    followed: dict[UUID, int] = dict(connection.execute(_FOLLOWED).fetchall())
    return [_change_of(each, current, followed) for each in declared]


def apply_definitions(
    connection: Connection[Any], definitions: Iterable[DeclaredDefinition], now: datetime
) -> list[AppliedDefinition]:
    """Write the declared definitions to the catalogue, in the connection's transaction.

    Other definitions stay as they are. Applying the same definitions twice changes nothing.

    Args:
        connection: To the warehouse; other callers wait until its transaction ends.
        definitions: Validated, each with an organisation.
        now: The creation time of new versions.

    Returns:
        One change per definition, in the order given, even if nothing changed.

    Raises:
        DefinitionInvalid: As plan.
    """
    lock_definitions(connection)
    changes = plan_definitions(connection, definitions)
    for change in changes:
        if change.kind is ChangeKind.UNCHANGED:
            continue
        fields = _columns(change.definition)
        fields |= {"now": now, "is_beginning": change.is_beginning}
        connection.execute(_PUT, fields)
        if change.is_new_version:
            connection.execute(_PUT_VERSION, fields)
        if change.kind is ChangeKind.CHANGED:
            write_definition_notice(connection, change.definition, now)
    return [
        AppliedDefinition(
            definition=each.definition,
            former_version=each.former_version,
            fields=each.fields,
            applied_at=now,
        )
        for each in changes
    ]


def lock_definitions(connection: Connection[Any]) -> None:
    """Block other changes of definitions and templates until the transaction ends."""
    connection.execute(_LOCK)


def definitions_of(
    connection: Connection[Any],
    organization_id: UUID | None = None,
    schedule: Schedule | None = None,
    status: Status | None = None,
    *,
    on_unreadable: Callable[[DefinitionInvalid], None] | None = None,
) -> list[ReportDefinition]:
    """The current versions, ordered by organisation and slug; an argument of None selects all.

    Args:
        connection: To the warehouse.
        organization_id: Only this organisation's.
        schedule: Only those with this schedule.
        status: Only those in this status.
        on_unreadable: Called for each stored config that this version of the package cannot
            read; the definition is left out.

    Raises:
        DefinitionInvalid: There is such a config, and no `on_unreadable`.
    """
    bound = {"organization_id": organization_id, "schedule": schedule, "status": status}
    return _read(connection, _CURRENT, bound | {"slug": None}, on_unreadable)


def definition_page(
    connection: Connection[Any],
    organization_id: UUID,
    chosen: tuple[Schedule | None, Status | None],
    *,
    after: str | None,
    limit: int,
) -> list[ReportDefinition]:
    """The current versions of an organisation's definitions that follow a slug, ordered by slug.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        chosen: Only those with this schedule, in this status; None selects all.
        after: The last slug of the page before.
        limit: The most definitions.

    Raises:
        DefinitionInvalid: This version of the package cannot read a stored config.
    """
    schedule, status = chosen
    bound = {
        "organization_id": organization_id,
        "schedule": schedule,
        "status": status,
        "after": after,
        "limit": limit,
    }
    return _read(connection, _PAGE, bound)


def definition_version(
    connection: Connection[Any], definition_id: UUID, version: int
) -> ReportDefinition:
    """One version as it was made, with the current status.

    Raises:
        UnknownDefinition: There is no such version.
    """
    found = _read(connection, _VERSION, {"id": definition_id, "version": version})
    if not found:
        message = f"there is no version {version} of a report definition {definition_id}"
        raise UnknownDefinition(message)
    return found[0]


def definition_by_slug(
    connection: Connection[Any], organization_id: UUID, slug: str
) -> ReportDefinition:
    """The current version of an organisation's definition.

    Raises:
        UnknownDefinition: There is no such definition; the message lists the existing ones.
    """
    bound = {"organization_id": organization_id, "slug": slug, "schedule": None, "status": None}
    found = _read(connection, _CURRENT, bound)
    if not found:
        known = [each.slug for each in definitions_of(connection, organization_id)]
        name = LandedNames.read(connection).organization(organization_id)
        message = (
            f"organisation {name} has no report definition {slug!r}"
            f"{nearest_slug(slug, known)}; it has "
            f"{', '.join(known) or 'none: apply some'}"
        )
        raise UnknownDefinition(message)
    return found[0]


def require_slugs(slugs: Iterable[str], known: Iterable[str]) -> None:
    """Refuse slugs that no report definition has.

    Args:
        slugs: The slugs that a person has chosen.
        known: The slugs of the definitions that may be meant.

    Raises:
        UnknownDefinition: One of them is not known; the message names the nearest, and lists all.
    """
    existing = sorted(set(known))
    unknown = [each for each in slugs if each not in existing]
    if unknown:
        message = (
            f"there is no report definition {', '.join(unknown)}"
            f"{nearest_slug(unknown[0], existing)}; "
            f"there are {', '.join(existing) or 'none: apply some'}"
        )
        raise UnknownDefinition(message)


def nearest_slug(slug: str, known: Iterable[str]) -> str:
    """The end of a message: the known slug that is spelt almost like an unknown one, if any."""
    near = get_close_matches(slug, sorted(set(known)), n=1)
    return f"; the nearest is {near[0]}" if near else ""


def _require_distinct(declared: Sequence[DeclaredDefinition]) -> None:
    """Refuse definitions that cannot be applied together."""
    seen: set[tuple[UUID | None, str]] = set()
    for each in declared:
        if each.organization_id is None:
            message = f"organization_id: {each.slug} has no organisation; state one"
            raise DefinitionInvalid(message)
        identity = (each.organization_id, each.slug)
        if identity in seen:
            message = f"slug: {each.slug} of organisation {each.organization_id} is declared twice"
            raise DefinitionInvalid(message)
        seen.add(identity)


def _change_of(
    declared: DeclaredDefinition,
    current: Mapping[UUID, ReportDefinition],
    followed: Mapping[UUID, int],
) -> DefinitionChange:
    """The change that a declared definition makes.

    Args:
        declared: Of one organisation.
        current: The current versions by id.
        followed: The versions of templates that definitions follow, by the definition's id.
    """
    first = declared.as_version(1)
    former = current.get(first.id)
    if former is None:
        return DefinitionChange(definition=first, former_version=None, fields=())
    fields = field_changes(former, first)
    is_new_version = any(each.field != "status" for each in fields)
    if first.id in followed:
        left = FieldChange(field="template", old=f"version {followed[first.id]}", new=None)
        fields = (left, *fields)
    return DefinitionChange(
        definition=declared.as_version(former.version + is_new_version),
        former_version=former.version,
        fields=fields,
    )


def field_changes(
    former: ReportDefinition | DeclaredDefinition, new: ReportDefinition | DeclaredDefinition
) -> tuple[FieldChange, ...]:
    """The fields whose values differ, in the order of the fields."""
    old_fields, new_fields = _plain_fields(former), _plain_fields(new)
    return tuple(
        FieldChange(field=field, old=old_fields.get(field), new=new_fields.get(field))
        for field in dict.fromkeys((*old_fields, *new_fields))
        if old_fields.get(field) != new_fields.get(field)
    )


def _plain_fields(definition: ReportDefinition | DeclaredDefinition) -> dict[str, Any]:
    """The fields of a definition as plain values; fields of the config are `config.<name>`."""
    config = definition.config.model_dump(mode="json")
    return {
        "name": definition.name,
        "category": str(definition.category),
        "schedule": str(definition.schedule),
        "status": str(definition.status),
        "formats": [str(each) for each in definition.formats],
    } | {f"config.{name}": value for name, value in config.items()}


def _columns(definition: ReportDefinition) -> dict[str, object]:
    return {
        "id": definition.id,
        "organization_id": definition.organization_id,
        "version": definition.version,
        **described_columns(definition),
    }


def described_columns(definition: ReportDefinition | DeclaredDefinition) -> dict[str, object]:
    """The columns that definitions and templates share, as SQL parameters."""
    return {
        "slug": definition.slug,
        "name": definition.name,
        "category": definition.category,
        "schedule": definition.schedule,
        "formats": list(definition.formats),
        "config": Json(definition.config.model_dump(mode="json", exclude_none=True)),
        "status": definition.status,
    }


def _read(
    connection: Connection[Any],
    statement: str,
    bound: Mapping[str, object],
    on_unreadable: Callable[[DefinitionInvalid], None] | None = None,
) -> list[ReportDefinition]:
    definitions = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement.encode(), bound):
            try:
                definitions.append(_definition(row))
            except DefinitionInvalid as error:
                if on_unreadable is None:
                    raise
                on_unreadable(error)
    return definitions


def _definition(row: Mapping[str, Any]) -> ReportDefinition:
    source = f"report definition {row['slug']} of organisation {row['organization_id']}"
    return ReportDefinition(
        id=row["id"],
        organization_id=row["organization_id"],
        slug=row["slug"],
        name=row["name"],
        category=Category(row["category"]),
        schedule=Schedule(row["schedule"]),
        status=Status(row["status"]),
        formats=tuple(map(ReportFormat, row["formats"])),
        version=row["version"],
        config=stored_config(row["config"], f"{source}, version {row['version']}"),
    )


def stored_config(text: str, source: str) -> ReportConfig:
    """The config in a stored text of JSON.

    Raises:
        DefinitionInvalid: This version of the package cannot read it; begins with `source`.
    """
    try:
        return _parsed_config(text)
    except DefinitionInvalid:
        return parse_config(json.loads(text), source)


@lru_cache(maxsize=_MAX_PARSED_CONFIGS)
def _parsed_config(text: str) -> ReportConfig:
    return parse_config(json.loads(text))
