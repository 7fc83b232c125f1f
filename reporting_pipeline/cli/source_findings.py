"""`reporting sources findings`, `accept`, `take-back` and `compare`: rows that change behind us."""

from datetime import UTC, datetime
from uuid import UUID

import click

from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import TEXT, WholeNumber
from reporting_pipeline.cli.pipeline import land_rows, recorded_failure
from reporting_pipeline.cli.session import session
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.sources.source_findings import (
    AcceptedFinding,
    FindingDecision,
    SourceFinding,
    accept_findings,
    accepted_findings,
    open_findings,
    take_back_findings,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

_OPEN_COLUMNS = ("since", "organisation", "kind", "table", "row", "days", "reason")
_ACCEPTED_COLUMNS = ("accepted", "by", "kind", "table", "row", "reason")
_MAX_LISTED = 200
_KINDS = ("changed", "deleted", "orphaned", "unmarked", "unusable", "clock_ahead")

_TABLE = click.argument("table", type=click.Choice([table.key for table in TABLES]))
_KIND = click.option(
    "--kind", type=click.Choice(_KINDS), required=True, help="The kind of the findings."
)
_IDS = click.argument("ids", metavar="[ID]...", nargs=-1, type=click.UUID)
_ALL = click.option("--all", "is_all", is_flag=True, help="All rows instead of single ones.")
_BY = click.option(
    "--by", "person", type=TEXT, required=True, help="The name of the person who decides."
)


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only of this organisation.")
@click.option("--accepted", "is_accepted", is_flag=True, help="List the accepted ones instead.")
def findings(organization: str | None, *, is_accepted: bool) -> None:
    """List the source rows that landing has found wrong, changed or deleted.

    Rows that are changed, deleted, orphaned or unusable hold the reports of their event and days.
    """
    if is_accepted and organization is not None:
        message = "--accepted lists those of all organisations: remove --organization"
        raise click.UsageError(message)
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        names = organization_names(connection)
        if is_accepted:
            accepted = [_accepted_row(each) for each in accepted_findings(connection)]
            _print(_ACCEPTED_COLUMNS, accepted, "findings are accepted")
        else:
            found = open_findings(connection, chosen_organization(connection, organization))
            _print(_OPEN_COLUMNS, [_row(each, names) for each in found], "findings are open")


@click.command()
@_TABLE
@_KIND
@_BY
@click.option("--reason", type=TEXT, required=True, help="Why the landed rows are right.")
@_ALL
@_IDS
def accept(
    table: str, kind: str, person: str, reason: str, is_all: bool, ids: tuple[UUID, ...]
) -> None:
    """Accept findings about rows of TABLE, for these rows as they are now.

    The figures stay: they count the landed rows. Accepted findings hold no report. If a row
    changes again, its finding is open again.
    """
    decision = _decision(table, kind, person, is_all=is_all, ids=ids)
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        accepted = accept_findings(connection, decision, reason=reason)
    say(f"{len(accepted)} findings of kind {kind} in {table} are accepted")
    say("held reports come out with the next restatement or `reporting export`")


@click.command("take-back")
@_TABLE
@_KIND
@_BY
@_ALL
@_IDS
def take_back(table: str, kind: str, person: str, *, is_all: bool, ids: tuple[UUID, ...]) -> None:
    """Take back the acceptance of findings about rows of TABLE; they hold reports again."""
    decision = _decision(table, kind, person, is_all=is_all, ids=ids)
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        count = len(take_back_findings(connection, decision))
    say(f"{count} acceptances are taken back")


@click.command()
@click.option(
    "--rows",
    "row_count",
    type=WholeNumber(1, 10**12),
    help="About how many rows to compare. Default: REPORTING_COMPARED_ROWS.",
)
def compare(row_count: int | None) -> None:
    """Land new rows, and compare older ones with the sources, from where the last one stopped.

    Finds rows that were changed or deleted without a new record clock. The daemon does this each
    night. The exit code is 0 also if rows differ: `reporting sources findings` lists them.
    """
    with session() as settings, recorded_failure("land"):
        rows = settings.compared_rows if row_count is None else row_count
        result = land_rows(settings, (), compared_count=rows)
        with warehouse_connection(settings.warehouse_url()) as connection:
            open_count = len(open_findings(connection))
    for each in result.comparisons:
        end = "turn is over" if each.is_turn_over else "goes on next time"
        say(
            f"{each.domain}.{each.table_name}: {each.compared_count} rows compared, "
            f"{len(each.suspects)} differ; {end}"
        )
    say(f"{open_count} findings are open")


def _decision(
    table: str, kind: str, person: str, *, is_all: bool, ids: tuple[UUID, ...]
) -> FindingDecision:
    if is_all == bool(ids):
        message = "name the rows by their ids, or use --all"
        raise click.UsageError(message)
    return FindingDecision(
        table=table,
        finding=kind,
        ids=None if is_all else ids,
        person=person,
        now=datetime.now(UTC),
    )


def _print(columns: tuple[str, ...], rows: list[tuple[object, ...]], are: str) -> None:
    console = listing_console()
    if rows:
        console.print(listing(columns, rows[:_MAX_LISTED]))
    if len(rows) > _MAX_LISTED:
        console.print(f"and {len(rows) - _MAX_LISTED} more")
    console.print(f"{len(rows)} {are}")


def _row(each: SourceFinding, names: dict[UUID, str]) -> tuple[object, ...]:
    organization = each.organization_id and names.get(each.organization_id, each.organization_id)
    table = f"{each.domain}.{each.table_name}"
    return (
        f"{each.since.astimezone(UTC):%Y-%m-%d %H:%M}",
        organization or "unknown",
        each.finding,
        table,
        each.row_id,
        _days(each),
        each.reason,
    )


def _days(each: SourceFinding) -> str:
    if each.first_day is None:
        return "all"
    return str(each.first_day) + (f" to {each.last_day}" if each.last_day != each.first_day else "")


def _accepted_row(each: AcceptedFinding) -> tuple[object, ...]:
    accepted_at = f"{each.accepted_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    table = f"{each.domain}.{each.table_name}"
    return accepted_at, each.accepted_by, each.finding, table, each.row_id, each.reason
