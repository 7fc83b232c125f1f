"""`reporting lake`: writes the report tables as Parquet files by organisation and day."""

import click

from reporting_pipeline.cli.listing import listing, listing_console
from reporting_pipeline.cli.session import session
from reporting_pipeline.lake.write import lake_store, write_lake

_COLUMNS = ("table", "days", "written", "same", "removed")


@click.command()
def lake() -> None:
    """Write the days that were rebuilt since the last run to the lake, as Parquet.

    The lake is at REPORTING_LAKE_URL. Files of days without rows are removed. A second run in a row
    writes nothing.
    """
    with session() as settings:
        store = lake_store(settings.lake_url, settings.store_url)
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
