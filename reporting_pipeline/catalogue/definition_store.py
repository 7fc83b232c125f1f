"""What applying definitions does: the difference of what is declared to what stands, as values.

What belongs here: the comparison. What does not: reading and writing the catalogue (`definitions`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from reporting_pipeline.report_definitions.declared import DeclaredDefinition
from reporting_pipeline.report_definitions.definition import (
    Category,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.parse import config_from

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
class DefinitionChange:
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
class AppliedDefinition(DefinitionChange):
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


def change_of(
    declared: DeclaredDefinition, standing: Mapping[UUID, ReportDefinition]
) -> DefinitionChange:
    """The change that a definition stands for, given the current versions by id."""
    first = declared.numbered(1)
    former = standing.get(first.id)
    if former is None:
        return DefinitionChange(definition=first, former_version=None, fields=())
    old, new = _said(former), _said(first)
    fields = tuple(
        FieldChange(field=field, old=old.get(field), new=new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    )
    is_new_version = any(each.field != "status" for each in fields)
    return DefinitionChange(
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


def plan_definitions(
    connection: Connection[Any], definitions: Iterable[DeclaredDefinition]
) -> list[DefinitionChange]:
    """What applying would do, in the order given; nothing is written.

    Raises:
        DefinitionInvalid: Two of them are the same definition, or one is of no organisation.
    """
    declared = list(definitions)
    require_distinct(declared)
    standing = {each.id: each for each in definitions_of(connection)}
    return [change_of(each, standing) for each in declared]


def apply_definitions(
    connection: Connection[Any], definitions: Iterable[DeclaredDefinition], now: datetime
) -> list[AppliedDefinition]:
    """Make the catalogue say what is declared, in the connection's transaction.

    Definitions that are not among these stay as they are. Applying the same twice changes nothing.

    Args:
        connection: To the warehouse; whoever applies meanwhile waits for its end.
        definitions: Checked, each of an organisation.
        now: What a new version says of when it was made.

    Returns:
        One change per definition, in the order given, also where nothing changed.

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
    """The current versions, ordered by organisation and slug; None: whichever.

    Args:
        connection: To the warehouse.
        organization_id: Of this organisation.
        schedule: With this schedule.
        status: In this status.
        on_unreadable: Is told of each stored config that this version of the package cannot read;
            the definition is left out.

    Raises:
        DefinitionInvalid: There is such a config, and nobody to tell.
    """
    bound = {"organization_id": organization_id, "schedule": schedule, "status": status}
    return _read(connection, _CURRENT, bound | {"slug": None}, on_unreadable)


def definition_version(
    connection: Connection[Any], definition_id: UUID, version: int
) -> ReportDefinition:
    """One version, as it was made; its status is today's.

    Raises:
        UnknownDefinition: There is none.
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
        UnknownDefinition: There is none; the message lists those that there are.
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
    """The organisations that Ticketing has told of, in order: a template is for all of them."""
    found = connection.execute("select id from landing.ticketing_organizations order by id")
    return [organization_id for (organization_id,) in found]


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
        config=config_from(row["config"], f"{source}, version {row['version']}"),
    )
