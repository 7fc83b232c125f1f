"""The definitions of organisations that follow templates, made and kept up to date.

Each organisation that has landed follows each template with a definition of its own id:

    missing     an organisation has no definition of the slug: it is added. An organisation that
                came after the template is expected to have reports from the period in which it came
    outdated    the template has changed: the definition changes with it, as a new version
    own         a person has applied a file for this organisation: the template does not change it

`derive_definitions` does this after each landing and in each round of the sensors, so a process
that dies in between leaves nothing undone. A retired organisation keeps what it has.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import ChangeKind, lock_definitions
from reporting_pipeline.catalogue.report_templates import (
    TemplateChange,
    put_templates,
    unusable_templates,
)
from reporting_pipeline.errors import UnknownDefinition
from reporting_pipeline.report_definitions.definition import DeclaredDefinition, definition_id
from reporting_pipeline.warehouse.engine import warehouse_connection

# A definition that is equal to the template follows it. One to be overwritten follows it too; at
# version 0 it is behind the template, so that the derivation writes it.
_ADOPT = """
    update catalogue.report_definitions as definition set
        template_version = case when adopted.is_equal then adopted.template_version else 0 end
    from (
        select
            own.id, template.version as template_version,
            (
                own.name, own.category, own.schedule, own.status, own.formats, own.config
            ) is not distinct from (
                template.name, template.category, template.schedule, template.status,
                template.formats, template.config
            ) as is_equal
        from catalogue.report_definitions as own
        inner join catalogue.report_templates as template on template.slug = own.slug
        where
            own.template_version is null
            and template.slug = any(%(slugs)s)
            and own.id <> all(%(own)s)
    ) as adopted
    where definition.id = adopted.id and (adopted.is_equal or %(is_overwriting)s)
"""
_KEPT = """
    select definition.organization_id, definition.slug
    from catalogue.report_definitions as definition
    inner join catalogue.report_templates as template on template.slug = definition.slug
    where definition.template_version is null and definition.slug = any(%(slugs)s)
    order by definition.organization_id, definition.slug collate "C"
"""
# Rows that name an organisation may land before its own row, which may be set aside.
_NOTE_ORGANIZATIONS = """
    insert into catalogue.organizations (organization_id, known_since)
    select seen.id, %(now)s
    from (
        select id from landing.ticketing_organizations
        union
        select organization_id from landing.ticketing_events
        union
        select row_id from landing.row_findings
        where domain = 'ticketing' and table_name = 'organizations'
    ) as seen
    where not exists (
        select from catalogue.organizations as known where known.organization_id = seen.id
    )
    on conflict do nothing
"""
_MISSING = """
    select
        organization.id, template.slug, organization.timezone, known.known_since,
        known.known_since > template.expected_since as is_later
    from landing.ticketing_organizations as organization
    inner join catalogue.organizations as known on known.organization_id = organization.id
    cross join catalogue.report_templates as template
    where
        known.retired_at is null
        and template.status <> 'archived'
        and template.slug = any(%(usable)s)
        and not exists (
            select from catalogue.report_definitions as definition
            where definition.organization_id = organization.id and definition.slug = template.slug
        )
"""
_ADD = """
    with added as (
        insert into catalogue.report_definitions (
            id, organization_id, slug, version, name, category, schedule, formats, config, status,
            created_at, updated_at, expected_since, template_version, first_report_day
        )
        select
            new.id, new.organization_id, new.slug, 1, template.name, template.category,
            template.schedule, template.formats, template.config, template.status,
            %(now)s, %(now)s, greatest(known.known_since, template.expected_since),
            template.version, new.first_report_day
        from unnest(
            %(ids)s::uuid[], %(organizations)s::uuid[], %(slugs)s::text[], %(days)s::date[]
        ) as new (id, organization_id, slug, first_report_day)
        inner join catalogue.report_templates as template on template.slug = new.slug
        inner join catalogue.organizations as known on known.organization_id = new.organization_id
        on conflict do nothing
        returning id, version, name, category, schedule, formats, config, created_at
    )

    insert into catalogue.report_definition_versions (
        definition_id, version, name, category, schedule, formats, config, created_at
    )
    select id, version, name, category, schedule, formats, config, created_at from added
"""
_IS_OUTDATED = """
    select exists (
        select from catalogue.report_definitions as definition
        inner join catalogue.report_templates as template on template.slug = definition.slug
        inner join catalogue.organizations as known
            on known.organization_id = definition.organization_id
        where
            definition.template_version < template.version
            and known.retired_at is null
            and template.slug = any(%(usable)s)
    )
"""
_UPDATE = """
    with outdated as (
        select
            definition.id,
            (
                definition.name, definition.category, definition.schedule, definition.formats,
                definition.config
            ) is distinct from (
                template.name, template.category, template.schedule, template.formats,
                template.config
            ) as is_new_version
        from catalogue.report_definitions as definition
        inner join catalogue.report_templates as template on template.slug = definition.slug
        inner join catalogue.organizations as known
            on known.organization_id = definition.organization_id
        where
            definition.template_version < template.version
            and known.retired_at is null
            and template.slug = any(%(usable)s)
    ),

    changed as (
        update catalogue.report_definitions as definition set
            version = definition.version + outdated.is_new_version::integer,
            name = template.name, category = template.category, schedule = template.schedule,
            formats = template.formats, config = template.config, status = template.status,
            template_version = template.version, updated_at = %(now)s,
            expected_since = greatest(definition.expected_since, template.expected_since)
        from outdated, catalogue.report_templates as template
        where definition.id = outdated.id and template.slug = definition.slug
        returning definition.*, outdated.is_new_version
    ),

    numbered as (
        insert into catalogue.report_definition_versions (
            definition_id, version, name, category, schedule, formats, config, created_at
        )
        select id, version, name, category, schedule, formats, config, %(now)s
        from changed
        where is_new_version
    )

    insert into catalogue.notices (topic, message, created_at)
    select
        'reporting:' || topic.name,
        jsonb_build_object(
            'version', 1, 'type', 'defined', 'organization_id', changed.organization_id,
            'definition_id', changed.id, 'slug', changed.slug, 'definition_version', changed.version
        ),
        %(now)s
    from changed
    cross join lateral (
        values ('org:' || changed.organization_id), ('definition:' || changed.id)
    ) as topic (name)
"""
_IS_KNOWN = """
    select
        exists (select from landing.ticketing_organizations where id = %(organization_id)s)
        or exists (
            select from catalogue.report_definitions where organization_id = %(organization_id)s
        )
"""
_RETIRE = """
    insert into catalogue.organizations (organization_id, known_since, retired_at)
    values (%(organization_id)s, %(now)s, %(now)s)
    on conflict (organization_id) do update set
        retired_at = coalesce(organizations.retired_at, excluded.retired_at)
"""
_FOLLOW_AGAIN = """
    update catalogue.report_definitions as definition set
        template_version = 0, expected_since = %(now)s, first_report_day = null
    from catalogue.report_templates as template
    where
        definition.organization_id = %(organization_id)s
        and template.slug = definition.slug
        and definition.template_version is not null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """The number of definitions that a derivation has added, and changed with their templates."""

    added_count: int = 0
    changed_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTemplates:
    """The effect of applying templates.

    Attributes:
        changes: One per template, in the order given, even if nothing changed.
        derived: The definitions that follow.
        kept: Organisation and slug of the definitions that stay as they are: they are own.
    """

    changes: tuple[TemplateChange, ...]
    derived: Derived
    kept: tuple[tuple[UUID, str], ...]

    @property
    def is_change(self) -> bool:
        """True if the catalogue is not as it was before."""
        is_changed = any(each.kind is not ChangeKind.UNCHANGED for each in self.changes)
        return is_changed or self.derived != Derived()


def apply_templates(
    connection: Connection[Any],
    templates: Iterable[DeclaredDefinition],
    now: datetime,
    *,
    own: Collection[UUID] = (),
    is_overwriting: bool = False,
) -> AppliedTemplates:
    """Store templates and derive the definitions of all organisations, in the transaction.

    Args:
        connection: To the warehouse; other callers wait until its transaction ends.
        templates: Validated, without an organisation; other templates stay as they are.
        now: The time of the change.
        own: Ids of definitions that files declare for one organisation; they are not changed.
        is_overwriting: All other own definitions of these slugs are replaced.

    Raises:
        DefinitionInvalid: A template is declared twice.
    """
    declared = list(templates)
    lock_definitions(connection)
    changes = put_templates(connection, declared, now)
    bound = {
        "slugs": [each.slug for each in declared],
        "own": list(own),
        "is_overwriting": is_overwriting,
    }
    connection.execute(_ADOPT, bound)
    derived = derive_within(connection, now)
    kept = connection.execute(_KEPT, bound).fetchall()
    return AppliedTemplates(changes=changes, derived=derived, kept=tuple(kept))


def derive_definitions(warehouse: URL, now: datetime) -> Derived:
    """Make the definitions of all organisations follow the templates, in one transaction.

    Nothing is locked or written if they do. Two processes at once do the same work once.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        return derive_within(connection, now)


def derive_within(connection: Connection[Any], now: datetime) -> Derived:
    """Do the same as `derive_definitions`, in the connection's transaction."""
    connection.execute(_NOTE_ORGANIZATIONS, {"now": now})
    bound: dict[str, object] = {"now": now, "usable": _usable_slugs(connection)}
    if not (_missing(connection, bound) or _is_outdated(connection, bound)):
        return Derived()
    lock_definitions(connection)
    added_count = _add(connection, _missing(connection, bound), bound)
    # Each changed definition has a notice on two topics.
    changed_count = connection.execute(_UPDATE, bound).rowcount // 2
    return Derived(added_count=added_count, changed_count=changed_count)


def own_definition_ids(connection: Connection[Any]) -> set[UUID]:
    """The ids of the definitions that follow no template, also because of a retirement."""
    statement = (
        "select definition.id from catalogue.report_definitions as definition"
        " left join catalogue.organizations as known"
        " on known.organization_id = definition.organization_id"
        " where definition.template_version is null or known.retired_at is not null"
    )
    return {definition for (definition,) in connection.execute(statement)}


def retire_organization(connection: Connection[Any], organization_id: UUID, now: datetime) -> int:
    """Expect no more reports of an organisation: archive its definitions; returns how many.

    Its published reports stay. It follows no template until it is reinstated.

    Raises:
        UnknownDefinition: It has neither landed nor a definition.
    """
    lock_definitions(connection)
    [(is_known,)] = connection.execute(_IS_KNOWN, {"organization_id": organization_id}).fetchall()
    if not is_known:
        message = f"no organisation {organization_id} has landed, and no report is defined for it"
        raise UnknownDefinition(message)
    connection.execute(_RETIRE, {"organization_id": organization_id, "now": now})
    return connection.execute(
        "update catalogue.report_definitions set status = 'archived', updated_at = %(now)s"
        " where organization_id = %(organization_id)s and status <> 'archived'",
        {"organization_id": organization_id, "now": now},
    ).rowcount


def reinstate_organization(
    connection: Connection[Any], organization_id: UUID, now: datetime
) -> Derived:
    """Expect reports of an organisation again, from now on, as the templates say.

    Own definitions stay archived: apply their files again.
    """
    lock_definitions(connection)
    bound = {"organization_id": organization_id, "now": now}
    connection.execute(
        "update catalogue.organizations set retired_at = null, known_since = %(now)s"
        " where organization_id = %(organization_id)s",
        bound,
    )
    connection.execute(_FOLLOW_AGAIN, bound)
    return derive_within(connection, now)


def _usable_slugs(connection: Connection[Any]) -> list[str]:
    """The templates that a definition can follow; one that cannot be used stops no other."""
    unusable = unusable_templates(connection)
    slugs = connection.execute("select slug from catalogue.report_templates").fetchall()
    return [slug for (slug,) in slugs if slug not in unusable]


def _missing(connection: Connection[Any], bound: Mapping[str, object]) -> list[tuple[Any, ...]]:
    return connection.execute(_MISSING, bound).fetchall()


def _is_outdated(connection: Connection[Any], bound: Mapping[str, object]) -> bool:
    [(is_outdated,)] = connection.execute(_IS_OUTDATED, bound).fetchall()
    return bool(is_outdated)


def _add(
    connection: Connection[Any],
    missing: Sequence[tuple[UUID, str, str | None, datetime, bool]],
    bound: Mapping[str, object],
) -> int:
    """Add definitions in one statement, however many there are."""
    if not missing:
        return 0
    new = {
        "ids": [definition_id(organization, slug) for organization, slug, *_ in missing],
        "organizations": [organization for organization, *_ in missing],
        "slugs": [slug for _, slug, *_ in missing],
        "days": [
            _day_of(known_since, zone) if is_later else None
            for _, _, zone, known_since, is_later in missing
        ],
    }
    return connection.execute(_ADD, {**bound, **new}).rowcount


def _day_of(instant: datetime, zone: str | None) -> date:
    """The day of an instant in a zone; in UTC if there is no such zone."""
    try:
        return instant.astimezone(ZoneInfo(zone or "UTC")).date()
    except (OSError, ValueError, KeyError):  # also ZoneInfoNotFoundError
        return instant.astimezone(UTC).date()
