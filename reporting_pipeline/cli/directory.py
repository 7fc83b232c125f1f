"""`reporting organizations` and `reporting events`: ids beside names, to copy and to read."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from reporting_pipeline.catalogue.directory import (
    KnownEvent,
    KnownOrganization,
    known_events,
    known_organizations,
)
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console
from reporting_pipeline.cli.parameters import DAY
from reporting_pipeline.cli.session import session
from reporting_pipeline.domain.names import name_or_id
from reporting_pipeline.guards.shown_text import on_one_line
from reporting_pipeline.warehouse.engine import warehouse_connection

_ORGANIZATION_COLUMNS = ("id", "organisation", "time zone", "currency", "events", "reports")
_EVENT_COLUMNS = ("id", "event", "organisation", "starts", "ends", "time zone", "status", "venue")
_MAX_LISTED = 1_000
_JSON = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


@click.command()
@_JSON
def organizations(*, is_json: bool) -> None:
    """List the organisations: id, name, time zone, currency, events and active reports.

    Each option --organization takes the name as well as the id.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = known_organizations(connection)
    if is_json:
        _print_json(found)
        return
    console = listing_console()
    if found:
        console.print(listing(_ORGANIZATION_COLUMNS, map(_organization_row, found)))
    console.print(_count(len(found), "organisation"))


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only of this organisation.")
@click.option("--from", "first", type=DAY, help="Only events on this day or later.")
@click.option("--to", "last", type=DAY, help="Only events on this day or earlier.")
@_JSON
def events(
    organization: str | None, first: date | None, last: date | None, *, is_json: bool
) -> None:
    """List the events: id, name, organisation, dates in the event's zone, and status.

    The latest start comes first. At most 1,000 are listed; --json lists all.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        found = known_events(
            connection,
            chosen_organization(connection, organization),
            first=first,
            last=last,
            limit=None if is_json else _MAX_LISTED + 1,
        )
    if is_json:
        _print_json(found)
        return
    console = listing_console()
    shown = found[:_MAX_LISTED]
    if shown:
        console.print(listing(_EVENT_COLUMNS, map(_event_row, shown)))
    more = "; there are more: name an organisation or days" if len(found) > len(shown) else ""
    console.print(f"{_count(len(shown), 'event')}{more}")


def _organization_row(each: KnownOrganization) -> tuple[object, ...]:
    reports = "retired" if each.is_retired else each.report_count
    name = name_or_id(each.name, "without a name")
    return each.id, name, each.timezone, each.currency, each.event_count, reports


def _event_row(each: KnownEvent) -> tuple[object, ...]:
    return (
        each.id,
        name_or_id(each.name, "without a name"),
        name_or_id(each.organization, each.organization_id),
        each.starts,
        each.ends,
        *(each.timezone, each.status),
        on_one_line(each.venue or ""),
    )


def _count(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _print_json(rows: Sequence[KnownOrganization | KnownEvent]) -> None:
    click.echo(json.dumps([asdict(each) for each in rows], indent=2, default=str))
