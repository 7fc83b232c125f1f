"""Report definitions in the catalogue: the current version of each, and all former versions.

A new version is made by every change of what a definition reports: name, category, schedule,
formats or config. A change of the status makes no version. Definitions are never removed; an
archived one is no longer used.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Json

from reporting_pipeline.catalogue.notices import write_definition_notice
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.report_definitions.definition import (
    Category,
    DeclaredDefinition,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.parse import parse_config

# A change of these fields changes when reports are due.
_SCHEDULING = frozenset({"schedule", "config.period", "config.after_event"})

_CURRENT = """
    select
        definition.id, definition.organization_id, definition.slug, definition.version,
        definition.name, definition.category, definition.schedule, definition.status,
        definition.formats, definition.config
    from catalogue.report_definitions as definition
    where
        definition.organization_id = coalesce(%(organization_id)s, definition.organization_id)
        and definition.slug = coalesce(%(slug)s, definition.slug)
        and definition.schedule = coalesce(%(schedule)s, definition.schedule)
        and definition.status = coalesce(%(status)s, definition.status)
    order by definition.organization_id, definition.slug collate "C"
"""

_VERSION = """
    select
        definition.id, definition.organization_id, definition.slug, numbered.version,
        numbered.name, numbered.category, numbered.schedule, definition.status,
        numbered.formats, numbered.config
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
        status = excluded.status, updated_at = excluded.updated_at,
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
class DefinitionChange:
    """The difference between a declared definition and its current version.

    Attributes:
        definition: The definition after it is applied, with its version then.
        former_version: None if the definition is new.
        fields: The differences, in the order of the fields; empty for a new definition.
    """

    definition: ReportDefinition
    former_version: int | None
    fields: tuple[FieldChange, ...]

    @property
    def kind(self) -> ChangeKind:
        """The effect of applying the change."""
        if self.former_version is None:
            return ChangeKind.ADDED
        return ChangeKind.CHANGED if self.fields else ChangeKind.UNCHANGED

    @property
    def is_beginning(self) -> bool:
        """True if reports are expected from now on: it becomes active or its schedule changes."""
        changed = {each.field for each in self.fields}
        is_activated = "status" in changed and self.definition.status is Status.ACTIVE
        return self.kind is ChangeKind.ADDED or is_activated or bool(changed & _SCHEDULING)

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
        DefinitionInvalid: A definition is declared twice, or has no organisation.
    """
    declared = list(definitions)
    _require_distinct(declared)
    current = {each.id: each for each in definitions_of(connection)}
    return [_change_of(each, current) for each in declared]


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
    connection.execute(_LOCK)
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
        message = (
            f"organisation {organization_id} has no report definition {slug!r}; it has "
            f"{', '.join(known) or 'none: apply some'}"
        )
        raise UnknownDefinition(message)
    return found[0]


def known_organizations(connection: Connection[Any]) -> list[UUID]:
    """The organisations that have landed from Ticketing, in order; templates apply to them."""
    found = connection.execute("select id from landing.ticketing_organizations order by id")
    return [organization_id for (organization_id,) in found]


def organization_names(connection: Connection[Any]) -> dict[UUID, str]:
    """The names of the organisations that have landed, by id."""
    return dict(connection.execute("select id, name from landing.ticketing_organizations"))


def event_names(connection: Connection[Any], event_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of these events, by id, as far as they have landed."""
    query = "select id, name from landing.ticketing_events where id = any(%s)"
    return dict(connection.execute(query, (list(event_ids),)))


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
    declared: DeclaredDefinition, current: Mapping[UUID, ReportDefinition]
) -> DefinitionChange:
    """The change that a declared definition makes, given the current versions by id."""
    first = declared.as_version(1)
    former = current.get(first.id)
    if former is None:
        return DefinitionChange(definition=first, former_version=None, fields=())
    old, new = _plain_fields(former), _plain_fields(first)
    fields = tuple(
        FieldChange(field=field, old=old.get(field), new=new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    )
    is_new_version = any(each.field != "status" for each in fields)
    return DefinitionChange(
        definition=declared.as_version(former.version + is_new_version),
        former_version=former.version,
        fields=fields,
    )


def _plain_fields(definition: ReportDefinition) -> dict[str, Any]:
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
        "slug": definition.slug,
        "version": definition.version,
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
        config=parse_config(row["config"], f"{source}, version {row['version']}"),
    )
