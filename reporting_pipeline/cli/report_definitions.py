"""`reporting definitions`: applies, exports, lists, shows and retires report definitions."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import (
    AppliedDefinition,
    ChangeKind,
    DefinitionChange,
    FieldChange,
    apply_definitions,
    definition_by_slug,
    definition_version,
    definitions_of,
    nearest_slug,
)
from reporting_pipeline.catalogue.derived_definitions import (
    AppliedTemplates,
    apply_templates,
    own_definition_ids,
    reinstate_organization,
    retire_organization,
)
from reporting_pipeline.catalogue.directory import organization_called
from reporting_pipeline.catalogue.report_templates import TemplateChange, templates_of
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization, chosen_organizations
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import FOLDER, NEW_FOLDER, TEXT, WholeNumber
from reporting_pipeline.cli.session import session
from reporting_pipeline.domain.names import name_or_id
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.exports.definition_formats import invalid_formats
from reporting_pipeline.report_definitions.definition import DeclaredDefinition, Schedule, Status
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
    write_folder,
)
from reporting_pipeline.report_definitions.parse import broken_definitions
from reporting_pipeline.sources.landed_names import LandedNames, organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_MAX_KEPT = 20
_CHANGE = "{:<10} {} {}"
_COLUMNS = ("organisation", "definition", "version", "status", "schedule", "formats")

_ORGANIZATION = click.option("--organization", type=ORGANIZATION, help="Of this organisation.")


@click.group()
def definitions() -> None:
    """Apply, export, list, show and retire report definitions."""


@definitions.command()
@click.argument(
    "directory",
    type=FOLDER,
    default=STARTER_SET,
)
@click.option(
    "--organization",
    "organizations",
    type=ORGANIZATION,
    multiple=True,
    help="Make the files that name no organisation own definitions of this one; may be repeated.",
)
@click.option(
    "--overwrite", is_flag=True, help="Templates also replace organisations' own definitions."
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", "is_agreed", is_flag=True, help="Apply without asking.")
def apply(
    directory: Path,
    organizations: tuple[str, ...],
    *,
    overwrite: bool,
    dry_run: bool,
    is_agreed: bool,
) -> None:
    """Apply the definitions of the files below DIRECTORY (default: the starter set).

    A file that names no organisation is a template: every organisation gets it, also one that lands
    later, unless it has its own definition of the slug. All files are checked first. The command
    shows what changes, asks, and then applies all changes or none. Definitions without a file stay
    as they are; the exit code is 1 if the dataset of one of these lacks a column that it uses.
    """
    files = read_folder(directory, invalid_formats)
    templates = [] if organizations else [each for each in files if each.organization_id is None]
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        chosen = chosen_organizations(connection, organizations, may_land_later=True)
        own = for_organizations(files, chosen) if chosen else _with_organization(files)
        declared = _Declared(own, templates, is_overwriting=overwrite)
        now = datetime.now(UTC)
        planned = declared.apply(connection, now)
        connection.rollback()
        say("\n".join(planned.lines()))
        if planned.is_change and not dry_run:
            if not is_agreed:
                click.confirm("Apply?", abort=True)
            _apply(connection, declared, planned, now)
        _require_answerable(connection, own)


@definitions.command()
@click.argument("directory", type=NEW_FOLDER)
@_ORGANIZATION
def export(directory: Path, organization: str | None) -> None:
    """Write the current versions to DIRECTORY, as <organization_id>/<slug>.yaml.

    Templates are written as templates/<slug>.yaml, without the definitions that follow them; with
    --organization, all definitions of that organisation are. Applying the whole folder changes
    nothing.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = definitions_of(connection, chosen_organization(connection, organization))
        templates = [] if organization else templates_of(connection)
        own = own_definition_ids(connection)
    chosen = [each for each in found if organization or each.id in own]
    written = write_folder(directory, [*templates, *map(DeclaredDefinition.from_version, chosen)])
    of_templates = f", {len(templates)} of them templates" if templates else ""
    say(f"{len(written)} definitions in {directory}{of_templates}")


@definitions.command()
@click.argument("organization", type=ORGANIZATION)
@click.option("--undo", is_flag=True, help="Expect reports of it again, from now on.")
def retire(organization: str, *, undo: bool) -> None:
    """Expect no more reports of ORGANIZATION, and archive its definitions.

    Published reports stay. With --undo the organisation follows the templates again; its own
    definitions stay archived until their files are applied.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        now, owner = datetime.now(UTC), organization_called(connection, organization)
        name = LandedNames.read(connection).organization(owner)
        if undo:
            derived = reinstate_organization(connection, owner, now)
            count = derived.added_count + derived.changed_count
            say(f"{count} definitions of organisation {name} follow their templates")
            return
        count = retire_organization(connection, owner, now)
    say(f"organisation {name} is retired; {count} definitions are archived")


@definitions.command(name="list")
@_ORGANIZATION
@click.option("--schedule", type=click.Choice([each.value for each in Schedule]))
@click.option("--status", type=click.Choice([each.value for each in Status]))
def list_(organization: str | None, schedule: str | None, status: str | None) -> None:
    """List the current versions."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = definitions_of(
            connection,
            chosen_organization(connection, organization),
            None if schedule is None else Schedule(schedule),
            None if status is None else Status(status),
        )
        names = organization_names(connection)
    rows = [
        (
            name_or_id(names.get(each.organization_id), each.organization_id),
            *(each.slug, each.version, each.status, each.schedule, ", ".join(each.formats)),
        )
        for each in found
    ]
    listing_console().print(listing(_COLUMNS, rows))


@definitions.command()
@click.argument("slug", type=TEXT)
@_ORGANIZATION
@click.option("--version", type=WholeNumber(1, 2**31 - 1), help="Default: the current one.")
def show(slug: str, organization: str | None, version: int | None) -> None:
    """Show a definition as YAML.

    SLUG is its name, such as daily-sales. Choose the organisation if several have one.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        owner = chosen_organization(connection, organization) or _only_owner(connection, slug)
        found = definition_by_slug(connection, owner, slug)
        if version is not None:
            found = definition_version(connection, found.id, version)
        name = LandedNames.read(connection).organization(owner)
    say(f"# version {found.version} of organisation {name}")
    say(DeclaredDefinition.from_version(found).to_yaml().rstrip("\n"))


@dataclass(frozen=True, slots=True)
class _Plan:
    """The effect of applying files."""

    changes: list[AppliedDefinition]
    templates: AppliedTemplates

    @property
    def is_change(self) -> bool:
        """True if the catalogue changes."""
        is_changed = any(each.kind is not ChangeKind.UNCHANGED for each in self.changes)
        return is_changed or self.templates.is_change

    def lines(self) -> Iterator[str]:
        """The changes, for people."""
        for change in self.changes:
            yield from _change_lines(change)
        for each in self.templates.changes:
            yield from _template_lines(each)
        kept = self.templates.kept
        for organization_id, slug in kept[:_MAX_KEPT]:
            yield _CHANGE.format("own", f"{organization_id}/{slug}", "does not follow the template")
        if len(kept) > _MAX_KEPT:
            yield f"and {len(kept) - _MAX_KEPT} more own definitions"
        if self.changes:
            yield _summary(self.changes)
        if self.templates.changes:
            derived = self.templates.derived
            yield (
                f"templates: {_summary(self.templates.changes)}; definitions of organisations that "
                f"follow: {derived.added_count} added, {derived.changed_count} changed"
            )


@dataclass(frozen=True, slots=True)
class _Declared:
    """The definitions in the files: those of single organisations, and templates."""

    own: Sequence[DeclaredDefinition]
    templates: Sequence[DeclaredDefinition]
    is_overwriting: bool

    def apply(self, connection: Connection[Any], now: datetime) -> _Plan:
        """Apply it in the transaction."""
        changes = apply_definitions(connection, self.own, now)
        own = [each.definition.id for each in changes]
        templates = apply_templates(
            connection, self.templates, now, own=own, is_overwriting=self.is_overwriting
        )
        return _Plan(changes, templates)


def _with_organization(files: Sequence[DeclaredDefinition]) -> list[DeclaredDefinition]:
    return [each for each in files if each.organization_id is not None]


def _apply(connection: Connection[Any], declared: _Declared, agreed: _Plan, now: datetime) -> None:
    """Apply the agreed changes, or nothing if another process has applied changes since."""
    if declared.apply(connection, now) != agreed:
        message = (
            "definitions have changed since they were compared; nothing was applied, try again"
        )
        raise DefinitionInvalid(message)
    connection.commit()
    say("applied")


def _require_answerable(
    connection: Connection[Any], declared: Sequence[DeclaredDefinition]
) -> None:
    """Raise an error if a dataset cannot answer a stored definition that has no file."""
    names = {(each.organization_id, each.slug) for each in declared}
    rest = [
        each
        for each in definitions_of(connection)
        if (each.organization_id, each.slug) not in names
    ]
    if broken := broken_definitions(rest):
        message = (
            "datasets cannot answer these stored definitions any more; change or archive them:"
        )
        raise DefinitionInvalid("\n".join((message, *map(str, broken))))


def _only_owner(connection: Connection[Any], slug: str) -> UUID:
    definitions = definitions_of(connection)
    found = [each for each in definitions if each.slug == slug]
    if len(found) == 1:
        return found[0].organization_id
    if not found:
        known = [each.slug for each in definitions]
        message = (
            f"no organisation has a report definition {slug!r}{nearest_slug(slug, known)}; "
            "see reporting definitions list"
        )
        raise UnknownDefinition(message)
    names = LandedNames.read(connection)
    owners = ", ".join(names.organization(each.organization_id) for each in found)
    message = f"several organisations have {slug}: choose one with --organization: {owners}"
    raise UnknownDefinition(message)


def _change_lines(change: DefinitionChange) -> list[str]:
    """One line for the definition, then one for each changed field."""
    definition, version = change.definition, f"version {change.definition.version}"
    if change.is_new_version and change.former_version is not None:
        version = f"version {change.former_version} -> {definition.version}"
    name = f"{definition.organization_id}/{definition.slug}"
    return [_CHANGE.format(change.kind, name, version), *map(_field_line, change.fields)]


def _template_lines(change: TemplateChange) -> list[str]:
    version = 1 if change.former_version is None else change.former_version
    versions = f"version {version}"
    if change.kind is ChangeKind.CHANGED:
        versions = f"version {version} -> {version + 1}"
    name = f"template {change.template.slug}"
    return [_CHANGE.format(change.kind, name, versions), *map(_field_line, change.fields)]


def _field_line(change: FieldChange) -> str:
    if not isinstance(change.old, list) or not isinstance(change.new, list):
        return f"    {change.field}: {_value(change.old)} -> {_value(change.new)}"
    parts = [f"- {_value(each)}" for each in change.old if each not in change.new]
    parts += [f"+ {_value(each)}" for each in change.new if each not in change.old]
    return f"    {change.field}: {', '.join(parts) or 'in another order'}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        given = {
            name: each for name, each in value.items() if each is not None and each is not False
        }
        return str(next(iter(given.values()))) if len(given) == 1 else json.dumps(given)
    return "nothing" if value is None else str(value)


def _summary(changes: Sequence[DefinitionChange | TemplateChange]) -> str:
    counts = Counter(each.kind for each in changes)
    return ", ".join(f"{counts[kind]} {kind}" for kind in ChangeKind)
