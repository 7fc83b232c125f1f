"""`reporting reports`: the catalogue of generated reports.

What belongs here: arguments and what a person reads. What does not: the catalogue (`delivery`).
"""

from uuid import UUID

import click

from reporting_pipeline.catalogue.generated_reports import generated_reports
from reporting_pipeline.cli.report_table import organization_names, report_console, report_table
from reporting_pipeline.cli.session import session
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("organisation", "status", "edition", "rows", "bytes", "file")


@click.command()
@click.option("--organization", "organization_id", type=click.UUID, help="Only of this one.")
@click.option("--definition", "slug", metavar="SLUG", help="Only of this definition.")
def reports(organization_id: UUID | None, slug: str | None) -> None:
    """List the reports that were generated, with their files in the store.

    The newest period comes first. The edition, rows and bytes are those of the file that stands
    there now, also where a later attempt was held or failed.
    """
    with session() as settings:
        with warehouse_connection(settings.warehouse_url()) as connection:
            listed = generated_reports(connection, organization_id=organization_id)
            names = organization_names(connection)
        console = report_console()
        rows = [
            (
                *(names.get(each.organization_id, each.organization_id), each.status),
                *(each.edition or None, each.row_count, each.byte_count),
                each.storage_path or f"none yet: {each.slug}, {each.period}, {each.format}",
            )
            for each in listed
            if slug is None or each.slug == slug
        ]
        console.print(report_table(_COLUMNS, rows) if rows else "no report was generated")
        console.print(f"in {open_store(settings.store_address()).address}", soft_wrap=True)
