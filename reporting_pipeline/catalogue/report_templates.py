"""Templates in the catalogue: report definitions for every organisation, also for later ones.

A template is stored under its slug. Each change makes its next version. The definitions of the
organisations that follow it are made in `derived_definitions`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.catalogue.definition_store import (
    Change,
    ChangeKind,
    described_columns,
    field_changes,
    stored_config,
)
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.definition import (
    Category,
    DeclaredDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.parse import broken_definitions

_TEMPLATES = """
    select slug, version, name, category, schedule, status, formats, config::text as config
    from catalogue.report_templates
    order by slug collate "C"
"""
_PUT = """
    insert into catalogue.report_templates (
        slug, version, name, category, schedule, formats, config, status, created_at, updated_at,
        expected_since
    )
    values (
        %(slug)s, 1, %(name)s, %(category)s, %(schedule)s, %(formats)s, %(config)s, %(status)s,
        %(now)s, %(now)s, %(now)s
    )
    on conflict (slug) do update set
        version = report_templates.version + 1, name = excluded.name,
        category = excluded.category, schedule = excluded.schedule, formats = excluded.formats,
        config = excluded.config, status = excluded.status, updated_at = excluded.updated_at,
        expected_since = case
            when %(is_beginning)s then excluded.expected_since
            else report_templates.expected_since
        end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChange(Change):
    """The difference between a declared template and the stored one."""

    template: DeclaredDefinition

    @property
    def is_beginning(self) -> bool:
        """True if reports of the template are expected from now on."""
        return self.begins_expectation(self.template.status)


def put_templates(
    connection: Connection[Any], templates: Sequence[DeclaredDefinition], now: datetime
) -> tuple[TemplateChange, ...]:
    """Store templates in the transaction, which holds the lock of the definitions.

    Returns:
        One change per template, in the order given, even if nothing changed.

    Raises:
        DefinitionInvalid: A template is declared twice.
    """
    _require_distinct(templates)
    current = {each.slug: (version, each) for version, each in _stored(connection)}
    changes = tuple(_change_of(each, current) for each in templates)
    for change in changes:
        if change.kind is not ChangeKind.UNCHANGED:
            fields = {"now": now, "is_beginning": change.is_beginning}
            connection.execute(_PUT, described_columns(change.template) | fields)
    return changes


def templates_of(connection: Connection[Any]) -> list[DeclaredDefinition]:
    """The stored templates by slug, without those that this version of the package cannot read."""
    return [template for _, template in _stored(connection)]


def unusable_templates(connection: Connection[Any]) -> dict[str, str]:
    """The templates that no definition can follow: slug and reason, in order."""
    reasons: dict[str, str] = {}
    found = _stored(connection, on_unreadable=reasons.__setitem__)
    broken = broken_definitions(template for _, template in found)
    reasons |= {each.definition.slug: "; ".join(map(str, each.invalid_fields)) for each in broken}
    return dict(sorted(reasons.items()))


def _stored(
    connection: Connection[Any],
    on_unreadable: Callable[[str, str], None] | None = None,
) -> list[tuple[int, DeclaredDefinition]]:
    found = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_TEMPLATES).fetchall():
            try:
                found.append((row["version"], _template(row)))
            except DefinitionInvalid as error:
                if on_unreadable is not None:
                    on_unreadable(row["slug"], error.message)
    return found


def _template(row: Mapping[str, Any]) -> DeclaredDefinition:
    return DeclaredDefinition(
        slug=row["slug"],
        name=row["name"],
        category=Category(row["category"]),
        schedule=Schedule(row["schedule"]),
        status=Status(row["status"]),
        formats=tuple(map(ReportFormat, row["formats"])),
        config=stored_config(row["config"], f"report template {row['slug']}"),
    )


def _change_of(
    template: DeclaredDefinition, current: Mapping[str, tuple[int, DeclaredDefinition]]
) -> TemplateChange:
    version, former = current.get(template.slug, (None, None))
    fields = () if former is None else field_changes(former, template)
    return TemplateChange(template=template, former_version=version, fields=fields)


def _require_distinct(templates: Sequence[DeclaredDefinition]) -> None:
    seen: set[str] = set()
    for each in templates:
        if each.slug in seen:
            message = f"slug: the template {each.slug} is declared twice; remove one of the files"
            raise DefinitionInvalid(message)
        seen.add(each.slug)
