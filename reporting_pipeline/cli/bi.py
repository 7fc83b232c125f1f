"""`reporting bi`: what a BI tool needs to read the views of `reporting_bi`."""

from pathlib import Path

import click

from reporting_pipeline.cli.listing import plain
from reporting_pipeline.cli.parameters import NEW_FOLDER, TEXT, WholeNumber
from reporting_pipeline.semantic_models.place import Place
from reporting_pipeline.semantic_models.targets import TARGETS, export


@click.group()
def bi() -> None:
    """Write semantic models of the views in schema reporting_bi for BI tools."""


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
