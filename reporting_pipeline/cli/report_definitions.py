"""`reporting definitions`: applies, exports, lists and shows report definitions."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import (
    ChangeKind,
    DefinitionChange,
    FieldChange,
    apply_definitions,
    definition_by_slug,
    definition_version,
    definitions_of,
    known_organizations,
    plan_definitions,
)
from reporting_pipeline.cli.session import session
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.report_definitions.definition import DeclaredDefinition, Schedule, Status
from reporting_pipeline.report_definitions.files import (
    STARTER_SET,
    for_organizations,
    read_folder,
    write_folder,
)
from reporting_pipeline.report_definitions.parse import broken_definitions
from reporting_pipeline.warehouse.engine import warehouse_connection

_CHANGE = "{:<10} {} {}"
_LISTED = "{:<37} {:<24} {:>7}  {:<9} {:<11} {}"

_ORGANIZATION = click.option("--organization", type=click.UUID, help="Id of the organisation.")


@click.group()
def definitions() -> None:
    """Apply, export, list and show report definitions."""


@definitions.command()
@click.argument(
    "directory",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=STARTER_SET,
)
@click.option(
    "--organization",
    "organizations",
    type=click.UUID,
    multiple=True,
    help="An organisation of files that name none; may be repeated. Default: all that have landed.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", "is_agreed", is_flag=True, help="Apply without asking.")
def apply(
    directory: Path, organizations: tuple[UUID, ...], *, dry_run: bool, is_agreed: bool
) -> None:
    """Apply the definitions of the files below DIRECTORY (default: the starter set).

    All files are checked first. The command shows what changes, asks, and then applies all changes
    or none. Definitions without a file stay as they are; the exit code is 1 if the dataset of one
    of these lacks a column that it uses.
    """
    files = read_folder(directory)
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        declared = for_organizations(files, organizations or known_organizations(connection))
        _require_some(declared)
        changes = plan_definitions(connection, declared)
        click.echo("\n".join(line for each in changes for line in _change_lines(each)))
        click.echo(_summary(changes))
        if _is_to_apply(changes, dry_run=dry_run, is_agreed=is_agreed):
            _apply(connection, declared, changes)
        _require_answerable(connection, declared)


@definitions.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_ORGANIZATION
def export(directory: Path, organization: UUID | None) -> None:
    """Write the current versions to DIRECTORY, as <organization_id>/<slug>.yaml.

    Applying that folder changes nothing.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = definitions_of(connection, organization)
    written = write_folder(directory, map(DeclaredDefinition.from_version, found))
    click.echo(f"{len(written)} definitions in {directory}")


@definitions.command(name="list")
@_ORGANIZATION
@click.option("--schedule", type=click.Choice([each.value for each in Schedule]))
@click.option("--status", type=click.Choice([each.value for each in Status]))
def list_(organization: UUID | None, schedule: str | None, status: str | None) -> None:
    """List the current versions."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = definitions_of(
            connection,
            organization,
            None if schedule is None else Schedule(schedule),
            None if status is None else Status(status),
        )
    header = ("organisation", "definition", "version", "status", "schedule", "formats")
    click.echo(_LISTED.format(*header))
    for each in found:
        formats = ", ".join(each.formats)
        row = (each.organization_id, each.slug, each.version, each.status, each.schedule, formats)
        click.echo(_LISTED.format(*map(str, row)))


@definitions.command()
@click.argument("slug")
@_ORGANIZATION
@click.option("--version", type=click.IntRange(min=1), help="Default: the current one.")
def show(slug: str, organization: UUID | None, version: int | None) -> None:
    """Show a definition as YAML.

    SLUG is its name, such as daily-sales. Choose the organisation if several have one.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        owner = organization or _only_owner(connection, slug)
        found = definition_by_slug(connection, owner, slug)
        if version is not None:
            found = definition_version(connection, found.id, version)
    click.echo(f"# version {found.version}")
    click.echo(DeclaredDefinition.from_version(found).to_yaml(), nl=False)


def _require_some(declared: Sequence[DeclaredDefinition]) -> None:
    if not declared:
        message = (
            "the files are templates, and no organisation has landed: land first, or choose "
            "organisations with --organization"
        )
        raise DefinitionInvalid(message)


def _is_to_apply(changes: Sequence[DefinitionChange], *, dry_run: bool, is_agreed: bool) -> bool:
    if dry_run or all(each.kind is ChangeKind.UNCHANGED for each in changes):
        return False
    return is_agreed or click.confirm("Apply?", abort=True)


def _apply(
    connection: Connection[Any],
    declared: Sequence[DeclaredDefinition],
    agreed: Sequence[DefinitionChange],
) -> None:
    """Apply the agreed changes, or nothing if another process has applied changes since."""
    applied = apply_definitions(connection, declared, datetime.now(UTC))
    if [each.definition for each in applied] != [each.definition for each in agreed]:
        message = (
            "definitions have changed since they were compared; nothing was applied, try again"
        )
        raise DefinitionInvalid(message)
    connection.commit()
    click.echo("applied")


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
    found = [each for each in definitions_of(connection) if each.slug == slug]
    if len(found) == 1:
        return found[0].organization_id
    if not found:
        message = (
            f"no organisation has a report definition {slug!r}; see reporting definitions list"
        )
        raise UnknownDefinition(message)
    owners = ", ".join(str(each.organization_id) for each in found)
    message = f"several organisations have {slug}: choose one with --organization: {owners}"
    raise UnknownDefinition(message)


def _change_lines(change: DefinitionChange) -> list[str]:
    """One line for the definition, then one for each changed field."""
    definition, version = change.definition, f"version {change.definition.version}"
    if change.is_new_version and change.former_version is not None:
        version = f"version {change.former_version} -> {definition.version}"
    name = f"{definition.organization_id}/{definition.slug}"
    return [_CHANGE.format(change.kind, name, version), *map(_field_line, change.fields)]


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


def _summary(changes: Sequence[DefinitionChange]) -> str:
    counts = Counter(each.kind for each in changes)
    return ", ".join(f"{counts[kind]} {kind}" for kind in ChangeKind)
