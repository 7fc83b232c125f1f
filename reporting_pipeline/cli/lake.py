"""`reporting lake`: writes the report tables as Parquet files by organisation and day."""

import click

from reporting_pipeline.cli.listing import listing, listing_console
from reporting_pipeline.cli.session import session
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.lake.write import write_lake
from reporting_pipeline.store import open_store

_COLUMNS = ("table", "days", "written", "same", "removed")


@click.command()
def lake() -> None:
    """Write the days that were rebuilt since the last run to the lake, as Parquet.

    The lake is at REPORTING_LAKE_URL. Files of days without rows are removed. A second run in a row
    writes nothing.
    """
    with session() as settings:
        if settings.lake_url in {None, settings.store_url}:
            message = (
                "REPORTING_LAKE_URL is not set, or has the address of the report files: the lake"
                " needs a folder or a prefix of its own"
            )
            raise SettingsError(message)
        store = open_store(str(settings.lake_url))
        written = write_lake(settings.warehouse_url(), store)
    console = listing_console()
    changed = [each for each in written if each.day_count]
    if changed:
        rows = (
            (each.table, each.day_count, each.written_count, each.same_count, each.removed_count)
            for each in changed
        )
        console.print(listing(_COLUMNS, rows))
    count = sum(each.written_count for each in written)
    console.print(f"{count} files written to {store.address}")
