"""`reporting breaks`: lists the open breaks, accepts single ones, and takes acceptances back."""

from datetime import UTC, date, datetime
from uuid import UUID

import click

from reporting_pipeline.catalogue.directory import organization_called
from reporting_pipeline.checks.breaks import (
    AcceptedBreak,
    Decision,
    OpenBreak,
    accept_breaks,
    accepted_breaks,
    open_breaks,
    take_back_breaks,
)
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import TEXT
from reporting_pipeline.cli.session import session
from reporting_pipeline.domain.currencies import money_text
from reporting_pipeline.registry.report_tables import BREAK_KINDS, WARNING_KINDS
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_OPEN_COLUMNS = ("since", "days", "organisation", "kind", "id", "Ticketing", "ledger", "difference")
_ACCEPTED_COLUMNS = (
    "accepted",
    "by",
    "organisation",
    "kind",
    "id",
    "Ticketing",
    "ledger",
    "reason",
)
_KINDS = [kind for kind in BREAK_KINDS if kind not in WARNING_KINDS]

_ORGANIZATION = click.option("--organization", type=ORGANIZATION, help="Only of this organisation.")
_OF_ORGANIZATION = click.option(
    "--organization",
    type=ORGANIZATION,
    required=True,
    help="The organisation of the breaks.",
)
_KIND = click.option(
    "--kind", type=click.Choice(_KINDS), required=True, help="The kind of the breaks."
)
_IDS = click.argument("ids", metavar="ID...", nargs=-1, type=click.UUID, required=True)
_BY = click.option(
    "--by", "person", type=TEXT, required=True, help="The name of the person who decides."
)


@click.group(invoke_without_command=True)
@_ORGANIZATION
@click.option("--accepted", "is_accepted", is_flag=True, help="List the accepted breaks instead.")
@click.pass_context
def breaks(context: click.Context, organization: str | None, *, is_accepted: bool) -> None:
    """List the open breaks, and accept or take back single ones.

    A break is a difference between Ticketing and the ledger. It holds the reports with money of its
    event, and those of its organisation that include the event, until it is gone or accepted. The
    oldest and largest breaks come first.
    """
    if context.invoked_subcommand is not None:
        return
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        names = organization_names(connection)
        organization_id = chosen_organization(connection, organization)
        if is_accepted:
            accepted = accepted_breaks(connection, organization_id)
            rows = [_accepted_row(each, names) for each in accepted]
            _print(_ACCEPTED_COLUMNS, rows, "breaks are accepted")
        else:
            found = open_breaks(connection, organization_id)
            today = datetime.now(UTC).date()
            rows = [_open_row(each, names, today) for each in found]
            _print(_OPEN_COLUMNS, rows, "breaks are open")


@breaks.command()
@_OF_ORGANIZATION
@_KIND
@_BY
@click.option("--reason", type=TEXT, required=True, help="Why the difference is acceptable.")
@_IDS
def accept(organization: str, kind: str, person: str, reason: str, ids: tuple[UUID, ...]) -> None:
    """Accept the breaks with these IDs for their present amounts.

    An ID is that of the order, transaction or entry that the break concerns. Accepted breaks hold
    no report. The proof of each report that depends on them shows the name and the reason. If an
    amount of a break changes, it is open again.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        decision = _decision(organization_called(connection, organization), kind, ids, person)
        accepted = accept_breaks(connection, decision, reason=reason)
    for each in accepted:
        say(f"accepted {each.kind} of {each.concerns}: {_amounts(each)}")
    say("held reports come out with the next restatement or `reporting export`")


@breaks.command("take-back")
@_OF_ORGANIZATION
@_KIND
@_BY
@_IDS
def take_back(organization: str, kind: str, person: str, ids: tuple[UUID, ...]) -> None:
    """Take back the acceptance of the breaks with these IDs; they hold reports again."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        decision = _decision(organization_called(connection, organization), kind, ids, person)
        count = take_back_breaks(connection, decision)
    say(f"{count} acceptances are taken back")


def _decision(organization_id: UUID, kind: str, ids: tuple[UUID, ...], person: str) -> Decision:
    return Decision(
        organization_id=organization_id, kind=kind, ids=ids, person=person, now=datetime.now(UTC)
    )


def _print(columns: tuple[str, ...], rows: list[tuple[object, ...]], are: str) -> None:
    console = listing_console()
    if rows:
        console.print(listing(columns, rows))
    console.print(f"{len(rows)} {are}")


def _open_row(each: OpenBreak, names: dict[UUID, str], today: date) -> tuple[object, ...]:
    return (
        each.first_day,
        (today - each.first_day).days,
        *_identity(each, names),
        *_sides(each),
        money_text(each.difference_minor, each.currency),
    )


def _accepted_row(each: AcceptedBreak, names: dict[UUID, str]) -> tuple[object, ...]:
    accepted_at = f"{each.accepted_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    return accepted_at, each.accepted_by, *_identity(each, names), *_sides(each), each.reason


def _identity(each: OpenBreak | AcceptedBreak, names: dict[UUID, str]) -> tuple[str, str, str]:
    name = names.get(each.organization_id) or str(each.organization_id)
    return name, each.kind, each.concerns


def _sides(each: OpenBreak | AcceptedBreak) -> tuple[str, str]:
    return money_text(each.ticketing_minor, each.currency), money_text(
        each.ledger_minor, each.currency
    )


def _amounts(each: OpenBreak) -> str:
    ticketing, ledger = _sides(each)
    return f"Ticketing {ticketing}, ledger {ledger}"
