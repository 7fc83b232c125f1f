"""`reporting export`: the daily files of a range of report days.

What belongs here: arguments and what a person reads. What does not: writing files (`delivery`).
"""

from datetime import date, datetime, timedelta

import click

from reporting_pipeline.cli.session import session
from reporting_pipeline.delivery.daily_files import DAILY_TABLES, DailyExport, export_days
from reporting_pipeline.delivery.store import open_store

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_LINE = "{:<26}{:>8}{:>10}{:>13}{:>10}"


@click.command()
@click.option("--from", "first", type=_DAY, required=True, help="First report day.")
@click.option("--to", "last", type=_DAY, required=True, help="Last report day, included.")
@click.option(
    "--table",
    "tables",
    type=click.Choice(DAILY_TABLES),
    multiple=True,
    help="A daily table; may be repeated. Default: all of them.",
)
def export(first: datetime, last: datetime, tables: tuple[str, ...]) -> None:
    """Write the daily report tables to CSV files in the store, one per organisation and day.

    Files of former exports are replaced; those whose rows are gone are removed.
    """
    days = _days(first.date(), last.date())
    with session() as settings:
        store = open_store(settings.store_address())
        result = export_days(settings.warehouse_url(), store, tables or DAILY_TABLES, days)
        click.echo(_summary(result))
        click.echo(f"in {store.address}")


def _days(first: date, last: date) -> list[date]:
    if last < first:
        message = f"--to {last} is before --from {first}"
        raise click.BadParameter(message)
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _summary(result: DailyExport) -> str:
    lines = [_LINE.format("table", "files", "rows", "bytes", "removed")]
    for table in result.tables:
        files = [file for file in result.files if file.table == table]
        lines.append(
            _LINE.format(
                table,
                len(files),
                sum(file.row_count for file in files),
                sum(file.byte_count for file in files),
                sum(1 for former in result.removed if former.table == table),
            )
        )
    return "\n".join(lines)
