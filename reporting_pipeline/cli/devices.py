"""`reporting devices`: lists the findings about devices."""

import click

from reporting_pipeline.checks.device_findings import device_findings
from reporting_pipeline.cli.choices import EVENT, ORGANIZATION, chosen_event, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console
from reporting_pipeline.cli.session import session
from reporting_pipeline.domain.names import name_or_id
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("day", "organisation", "event", "gate", "check", "what")
_MAX_LISTED = 1_000


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Of this organisation.")
@click.option("--event", type=EVENT, help="Of this event.")
def devices(organization: str | None, event: str | None) -> None:
    """List devices with a wrong clock or counter, by report day, gate and event.

    They are found when a day is sealed, and hold no report. The newest report days come first.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        names = organization_names(connection)
        organization_id = chosen_organization(connection, organization)
        event_id = chosen_event(connection, event, organization_id)
        found = device_findings(connection, organization_id, event_id, limit=_MAX_LISTED + 1)
    rows = [
        (
            each.date,
            name_or_id(names.get(each.organization_id), each.organization_id),
            name_or_id(each.event_name, each.event_id),
            name_or_id(each.gate_name, each.gate_id or "all"),
            each.check_name,
            each.message,
        )
        for each in found[:_MAX_LISTED]
    ]
    console = listing_console()
    if rows:
        console.print(listing(_COLUMNS, rows))
    more = "; there are more: name an event" if len(found) > _MAX_LISTED else ""
    console.print(f"{len(rows)} findings about devices{more}")
