"""`reporting land` and `build`: the two steps from the sources to the report tables."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from reporting_pipeline.cli.session import session
from reporting_pipeline.settings import SOURCE_DOMAINS

if TYPE_CHECKING:
    from sqlalchemy import URL

    from reporting_pipeline.building.build import BuildResult
    from reporting_pipeline.settings import Settings

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_DOMAIN = click.Choice(SOURCE_DOMAINS)


@click.command()
@click.argument("domains", nargs=-1, type=_DOMAIN)
@click.option(
    "--all-rows",
    is_flag=True,
    help="Compare every row with the sources, instead of only rows with a new record clock.",
)
def land(domains: tuple[str, ...], all_rows: bool) -> None:
    """Land the new rows of DOMAINS (default: all), in one transaction."""
    with session() as settings:
        from reporting_pipeline.building.touched_days import TouchedDays
        from reporting_pipeline.sources.landing import land as land_sources

        result = land_sources(
            {domain: settings.source_url(domain) for domain in domains or SOURCE_DOMAINS},
            settings.warehouse_url(),
            listener=TouchedDays(),
            overlap_seconds=settings.landing_overlap_seconds,
            timeout_seconds=settings.source_timeout_seconds,
            read_all=all_rows,
        )
    for table in result.tables:
        if table.new_count:
            click.echo(f"{table.domain}.{table.table_name}: {table.new_count} new or changed")
    click.echo(
        f"landed {result.new_count} rows, which touch {result.touched_day_count} days of tables"
    )


@click.command()
@click.option("--touched", is_flag=True, help="The days that landing touched.")
@click.option("--all", "all_days", is_flag=True, help="Every day that has rows.")
@click.option("--from", "first", type=_DAY, help="The first day, such as 2025-03-09.")
@click.option("--to", "last", type=_DAY, help="The last day, included.")
@click.option("--table", "tables", multiple=True, help="A report table; repeatable. Default: all.")
def build(
    touched: bool,
    all_days: bool,
    first: datetime | None,
    last: datetime | None,
    tables: tuple[str, ...],
) -> None:
    """Build the report tables for days: --touched, --all, or --from and --to.

    The days are then checked and sealed; with --touched also those that an interrupted build left
    unsealed. Errors that the checks find hold the reports of these
    days; they are not a failure of the build.
    """
    ranged = first is not None and last is not None
    if [touched, all_days, ranged].count(True) != 1 or (first is None) != (last is None):
        message = "choose the days: --touched, or --all, or --from D --to D"
        raise click.UsageError(message)
    if first is not None and last is not None and last < first:
        message = f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}"
        raise click.UsageError(message)
    if touched and tables:
        message = "--touched builds each table for its own days: remove --table"
        raise click.UsageError(message)
    with session() as settings:
        from reporting_pipeline.building import build as building

        warehouse = settings.warehouse_url()
        if touched:
            from reporting_pipeline.checks.seals import unsealed_days

            waiting = set().union(*building.touched_days(warehouse).values())
            result = building.build_touched(warehouse)
            # An earlier build may have died before it sealed its days.
            days = sorted(waiting.union(unsealed_days(warehouse)))
        else:
            days = (
                building.days_from_to(first.date(), last.date())
                if first is not None and last is not None
                else building.known_days(warehouse)
            )
            named = tables or building.TABLE_NAMES
            result = building.build(days, warehouse=warehouse, tables=named)
        _print_result(result)
        _notify(settings, days)
        _seal(warehouse, days)


def _print_result(result: "BuildResult") -> None:
    for table, counts in result.row_counts.items():
        click.echo(f"{table}: {result.total(table)} rows on {len(counts)} days")
    if not result.row_counts:
        click.echo("no day is touched, so nothing is built")


def _notify(settings: "Settings", days: Sequence[date]) -> None:
    from reporting_pipeline.catalogue.notices import notify_rebuilt_days

    redis_url, clock = settings.redis_address(), partial(datetime.now, UTC)
    notify_rebuilt_days(settings.warehouse_url(), days, redis_url=redis_url, clock=clock)


def _seal(warehouse: "URL", days: Sequence[date]) -> None:
    from reporting_pipeline.checks.seals import seal_days

    if not days:
        return
    errors = seal_days(warehouse, days, datetime.now(UTC))
    for day, found in errors.items():
        for each in found:
            click.echo(f"{day}: {each.check}: {each.message}")
    error_count = sum(map(len, errors.values()))
    click.echo(f"{len(errors)} days are sealed; the checks found {error_count} errors")
