"""`reporting land` and `build`: the two steps from the sources to the report tables."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from reporting_pipeline.cli.listing import plain, say
from reporting_pipeline.cli.parameters import DAY, TEXT, require_range
from reporting_pipeline.cli.session import session
from reporting_pipeline.settings import SOURCE_DOMAINS

if TYPE_CHECKING:
    from sqlalchemy import URL

    from reporting_pipeline.building.build import BuildResult
    from reporting_pipeline.checks.checks import Check
    from reporting_pipeline.checks.findings import Findings
    from reporting_pipeline.settings import Settings
    from reporting_pipeline.sources.landing import LandingResult

_DOMAIN = click.Choice(SOURCE_DOMAINS)


@click.command()
@click.argument("domains", nargs=-1, type=_DOMAIN)
@click.option(
    "--all-rows",
    is_flag=True,
    help="Compare every row with the sources, instead of only rows with a new record clock.",
)
@click.option(
    "--despite-losses",
    is_flag=True,
    help="Land also if a source lacks most of its landed rows; each of them becomes a finding.",
)
def land(domains: tuple[str, ...], all_rows: bool, despite_losses: bool) -> None:
    """Land the new rows of DOMAINS (default: all), in one transaction.

    Organisations that are new get the definitions of the templates that are applied.
    """
    with session() as settings, recorded_failure("land"):
        land_rows(settings, domains, all_rows=all_rows, despite_losses=despite_losses)


def land_rows(
    settings: "Settings",
    domains: tuple[str, ...],
    *,
    all_rows: bool = False,
    compared_count: int = 0,
    despite_losses: bool = False,
) -> "LandingResult":
    """Land the new rows of domains (none: all), and print what has landed."""
    from reporting_pipeline.building.touched_days import TouchedDays
    from reporting_pipeline.catalogue.derived_definitions import derive_definitions
    from reporting_pipeline.sources.landing import land as land_sources

    begun_at = datetime.now(UTC)
    result = land_sources(
        {domain: settings.source_url(domain) for domain in domains or SOURCE_DOMAINS},
        settings.warehouse_url(),
        listener=TouchedDays(),
        overlap_seconds=settings.landing_overlap_seconds,
        timeout_seconds=settings.source_timeout_seconds,
        read_all=all_rows,
        compared_count=compared_count,
        despite_losses=despite_losses,
    )
    derived = derive_definitions(settings.warehouse_url(), datetime.now(UTC))
    for table in result.tables:
        if table.new_count:
            say(f"{table.domain}.{table.table_name}: {table.new_count} new or changed")
    say(f"landed {result.new_count} rows, which touch {result.touched_day_count} days of tables")
    if derived.added_count:
        say(f"{derived.added_count} report definitions of new organisations are added")
    _record_landing(settings, result, begun_at)
    return result


@click.command()
@click.option("--touched", is_flag=True, help="The days that landing touched.")
@click.option("--all", "all_days", is_flag=True, help="Every day that has rows.")
@click.option("--from", "first", type=DAY, help="The first day, such as 2025-03-09.")
@click.option("--to", "last", type=DAY, help="The last day, included.")
@click.option(
    "--table", "tables", type=TEXT, multiple=True, help="A report table; repeatable. Default: all."
)
def build(
    touched: bool,
    all_days: bool,
    first: date | None,
    last: date | None,
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
        message = f"--to {last} is before --from {first}"
        raise click.UsageError(message)
    if first is not None and last is not None:
        require_range(first, last)
    if touched and tables:
        message = "--touched builds each table for its own days: remove --table"
        raise click.UsageError(message)
    with session() as settings, recorded_failure("build"):
        from reporting_pipeline.building import build as building
        from reporting_pipeline.building.engines.engine import engine_of

        engine = engine_of(settings.engine, settings.engine_folder)
        warehouse, begun_at = settings.warehouse_url(), datetime.now(UTC)
        if touched:
            from reporting_pipeline.checks.seals import unsealed_days

            of_tables = building.touched_days(warehouse)
            waiting = set().union(*of_tables.values())
            result = building.build_touched(warehouse, engine=engine)
            # An earlier build may have died before it sealed its days.
            days = sorted(waiting.union(unsealed_days(warehouse)))
        else:
            days = (
                _days_from_to(warehouse, first, last)
                if first is not None and last is not None
                else building.known_days(warehouse)
            )
            named = tables or building.TABLE_NAMES
            of_tables = dict.fromkeys(named, days)
            result = building.build(days, warehouse=warehouse, tables=named, engine=engine)
        _print_result(result)
        _notify(settings, days)
        found = _seal(warehouse, days)
        if days:
            _record_build(settings, of_tables, result, found, begun_at)


def _days_from_to(warehouse: "URL", first: date, last: date) -> list[date]:
    """The days of a range; days to come are refused, unless they have rows."""
    from reporting_pipeline.building.build import days_from_to, known_days

    # In the east a day begins before it does in UTC.
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    if last > tomorrow:
        newest = max([tomorrow, *known_days(warehouse)])
        if last > newest:
            message = f"--to {last} is in the future, and no row has a day after {newest}"
            raise click.UsageError(message)
    return days_from_to(first, last)


def _print_result(result: "BuildResult") -> None:
    for table, counts in result.row_counts.items():
        say(f"{table}: {result.total(table)} rows on {len(counts)} days")
    if not result.row_counts:
        say("no day is touched, so nothing is built")


def _notify(settings: "Settings", days: Sequence[date]) -> None:
    from reporting_pipeline.catalogue.notices import notify_rebuilt_days

    redis_url, clock = settings.redis_address(), partial(datetime.now, UTC)
    notify_rebuilt_days(settings.warehouse_url(), days, redis_url=redis_url, clock=clock)


def _seal(warehouse: "URL", days: Sequence[date]) -> "dict[Check, Findings]":
    from reporting_pipeline.checks.seals import check_and_seal, errors_of

    if not days:
        return {}
    found = check_and_seal(warehouse, days, datetime.now(UTC))
    errors = errors_of(found)
    for day, of_day in errors.items():
        for each in of_day:
            say(f"{day}: {each.check}: {each.message}")
    error_count = sum(map(len, errors.values()))
    say(f"{len(errors)} days are sealed; the checks found {error_count} errors")
    return found


def _record_build(
    settings: "Settings",
    days: "Mapping[str, Sequence[date]]",
    result: "BuildResult",
    found: "dict[Check, Findings]",
    begun_at: datetime,
) -> None:
    # Imported here because it takes seconds; the days are built and sealed before that.
    from reporting_pipeline.orchestration.command_runs import CommandBuild, record_build

    build = CommandBuild(days=days, result=result, found=found)
    print_unrecorded(record_build(settings, build, begun_at))


def _record_landing(settings: "Settings", landed: "LandingResult", begun_at: datetime) -> None:
    from reporting_pipeline.orchestration.command_runs import record_landing

    print_unrecorded(record_landing(settings, landed, begun_at))


@contextmanager
def recorded_failure(command: str) -> Iterator[None]:
    """Record an error of the command as a failed run in Dagster; the error goes on.

    A command that was called wrongly has not begun.
    """
    begun_at = datetime.now(UTC)
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.exceptions.Abort):
        raise
    except Exception as error:
        from reporting_pipeline.orchestration.command_runs import record_failure

        record_failure(command, error, begun_at)
        raise


def print_unrecorded(reason: str | None) -> None:
    """Say that Dagster does not show a command that has done its work."""
    if reason is not None:
        text = f"the work is done, but Dagster's UI does not show it: {plain(reason).plain}"
        say(text, is_error=True)
