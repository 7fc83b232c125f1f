"""`reporting get`: saves the files of published reports under their own names."""

from pathlib import Path

import click

from reporting_pipeline.catalogue.generated_reports import generated_reports
from reporting_pipeline.cli.choices import (
    EVENT,
    ORGANIZATION,
    chosen_event,
    chosen_organization,
    require_definition,
    token_of,
)
from reporting_pipeline.cli.listing import plain
from reporting_pipeline.cli.parameters import NEW_FOLDER, TEXT
from reporting_pipeline.cli.session import session
from reporting_pipeline.errors import UnknownName
from reporting_pipeline.publishing.download import save
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection


@click.command()
@click.argument("directory", metavar="[DIR]", type=NEW_FOLDER, default=".")
@click.option("--organization", type=ORGANIZATION, help="Only of this organisation.")
@click.option("--definition", "slug", type=TEXT, metavar="SLUG", help="Only of this definition.")
@click.option("--event", type=EVENT, help="Only about this event.")
@click.option(
    "--period", "token", type=TEXT, metavar="PERIOD", help="Only of this period, such as 2026-02."
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([each.value for each in ReportFormat]),
    multiple=True,
    help="Only in this format; may be repeated.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of the same name.")
def get(  # noqa: PLR0913 - one argument per option
    *,
    directory: Path,
    organization: str | None,
    slug: str | None,
    event: str | None,
    token: str | None,
    formats: tuple[str, ...],
    overwrite: bool,
) -> None:
    """Save the files of published reports into DIR, each under its own name.

    The default of DIR is the current folder. The manifest is saved beside each file, so that
    `reporting verify` can compare them anywhere.
    """
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            organization_id = chosen_organization(connection, organization)
            event_id = chosen_event(connection, event, organization_id)
            period = None if token is None else token_of(token, event_id)
            if slug is not None:
                require_definition(connection, slug, organization_id)
            found = [
                each
                for each in generated_reports(connection, organization_id=organization_id)
                if each.storage_path is not None
                and slug in {None, each.slug}
                and event_id in {None, each.event_id}
                and period in {None, each.period}
                and (not formats or each.format in formats)
            ]
        if not found:
            message = "no such report is published; `reporting reports` lists those that are"
            raise UnknownName(message)
        directory.mkdir(parents=True, exist_ok=True)
        store = open_store(settings.store_address())
        for each in found:
            saved = save(store, each, directory, is_overwriting=overwrite)
            click.echo(plain(f"{saved.path}{'' if saved.is_new else ': unchanged'}").plain)
    click.echo(f"{len(found)} files, with their manifests")
