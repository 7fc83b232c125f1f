"""`reporting audit`: lists who did what through the API."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, time

import click

from reporting_pipeline.catalogue.audit_log import Action, AuditEntry, AuditFilter, audit_entries
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console
from reporting_pipeline.cli.parameters import DAY, TEXT, WholeNumber
from reporting_pipeline.cli.session import session
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("at", "who", "role", "organisation", "action", "object", "address", "call")
_MAX_LISTED = 100_000


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only for this organisation.")
@click.option("--subject", type=TEXT, help="Only of this caller.")
@click.option(
    "--action", type=click.Choice([each.value for each in Action]), help="Only this action."
)
@click.option("--object", "object_id", type=TEXT, help="Only about this id or slug.")
@click.option("--from", "first", type=DAY, help="Only of this day in UTC or later.")
@click.option(
    "--limit",
    type=WholeNumber(1, _MAX_LISTED),
    default=100,
    show_default=True,
    help="At most so many.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def audit(  # noqa: PLR0913 - one argument per option
    *,
    organization: str | None,
    subject: str | None,
    action: str | None,
    object_id: str | None,
    first: date | None,
    limit: int,
    is_json: bool,
) -> None:
    """List who did what through the API, the newest first.

    Rows are only added: the warehouse refuses to change or delete one.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        chosen = AuditFilter(
            organization_id=chosen_organization(connection, organization),
            subject=subject,
            action=action,
            object_id=object_id,
            since=None if first is None else datetime.combine(first, time(), UTC),
        )
        found = audit_entries(connection, chosen, limit=limit)
        names = organization_names(connection)
    if is_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2, default=str))
        return
    console = listing_console()
    if not found:
        console.print("nobody has done anything")
        return
    rows = [_row(each, names.get(each.organization_id)) for each in found]
    console.print(listing(_COLUMNS, rows))


def _row(entry: AuditEntry, organization: str | None) -> tuple[object, ...]:
    return (
        f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        *(entry.subject, entry.role, organization or entry.organization_id, entry.action),
        f"{entry.object_kind} {entry.object_id}",
        *(entry.address or "", entry.call_id),
    )
