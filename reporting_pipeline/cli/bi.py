"""`reporting bi`: roles of BI tools, semantic models of their views, and an extract for Tableau."""

from pathlib import Path
from typing import Any
from uuid import UUID

import click
from psycopg import Connection

from reporting_pipeline.building import bi_roles
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console, plain
from reporting_pipeline.cli.parameters import NEW_FILE, NEW_FOLDER, TEXT, WholeNumber
from reporting_pipeline.cli.session import session
from reporting_pipeline.errors import UnknownName
from reporting_pipeline.lake.hyper import write_hyper
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.targets import TARGETS, export
from reporting_pipeline.warehouse.engine import warehouse_connection


@click.group()
def bi() -> None:
    """Make roles for BI tools, and models and extracts of the views in schema reporting_bi."""


@bi.command("export")
@click.argument("target", type=click.Choice(list(TARGETS)))
@click.argument("directory", metavar="DIR", type=NEW_FOLDER)
@click.option("--host", type=TEXT, default=Place.host, help="The warehouse's server.")
@click.option("--port", type=WholeNumber(1, 65_535), default=Place.port, help="Its port.")
@click.option("--database", type=TEXT, default=Place.database, help="The warehouse's name.")
@click.option("--user", type=TEXT, default=Place.user, help="The role that the tool logs in as.")
def export_(
    *, target: str, directory: Path, host: str, port: int, database: str, user: str
) -> None:
    """Write the semantic models for TARGET into DIR, in place of former files of these names.

    Needs no server. The files have no password; the tool asks for it.
    """
    place = Place(host=host, port=port, database=database, user=user)
    directory.mkdir(parents=True, exist_ok=True)
    written = export(target, directory, place)
    click.echo(plain(f"{len(written)} files in {directory}").plain)


@bi.command()
@click.argument("file", type=NEW_FILE)
@click.option("--organization", type=ORGANIZATION, help="Only the rows of this organisation.")
@click.option("--overwrite", is_flag=True, help="Replace a file of the same name.")
def hyper(*, file: Path, organization: str | None, overwrite: bool) -> None:
    """Write the rows of all views into FILE, an extract (.hyper) for Tableau.

    Without --organization it has the rows of all organisations. Needs the extra `tableau`.
    """
    with session() as settings:
        warehouse = settings.warehouse_url()
        with warehouse_connection(warehouse) as connection:
            organization_id = chosen_organization(connection, organization)
        counts = write_hyper(
            warehouse, file, organization_id=organization_id, is_overwriting=overwrite
        )
    console = listing_console()
    console.print(listing(("view", "rows"), counts.items()))
    console.print(plain(f"{len(counts)} tables in {file}"))


@bi.command()
@click.argument("organization", type=ORGANIZATION)
def grant(organization: str) -> None:
    """Make a role that reads only the rows of ORGANIZATION, and print its password once.

    The role logs in to the warehouse with it, and finds the views in a schema of its own name. A
    role that exists keeps its password.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        role = bi_roles.grant(connection, _chosen(connection, organization))
    click.echo(f"role and schema: {role.name}")
    if role.password is None:
        click.echo("the role exists and keeps its password; revoke and grant it for a new one")
    else:
        click.echo(f"password, shown only now: {role.password}")


@bi.command()
@click.argument("organization", type=ORGANIZATION)
def revoke(organization: str) -> None:
    """Drop the role of ORGANIZATION with its views."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        organization_id = _chosen(connection, organization)
        bi_roles.revoke(connection, organization_id)
    click.echo(f"{bi_roles.role_name(organization_id)} is gone")


@bi.command()
def roles() -> None:
    """List the roles of BI tools in this warehouse."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = bi_roles.bi_roles(connection)
    console = listing_console()
    if found:
        console.print(
            listing(("organisation", "role"), ((e.organization_id, e.name) for e in found))
        )
    console.print(f"{len(found)} roles")


def _chosen(connection: Connection[Any], organization: str) -> UUID:
    """The id of an organisation that is named by its name or id."""
    organization_id = chosen_organization(connection, organization)
    if organization_id is None:  # only where none is named
        message = "no organisation is named; `reporting organizations` lists them"
        raise UnknownName(message)
    return organization_id
