"""`reporting due`: lists the reports that are due and missing, and what nothing is expected of."""

from datetime import UTC, datetime

import click

from reporting_pipeline.catalogue.coverage import uncovered_organizations
from reporting_pipeline.catalogue.derived_definitions import derive_definitions
from reporting_pipeline.catalogue.report_templates import unusable_templates
from reporting_pipeline.cli.choices import ORGANIZATION, chosen_organization
from reporting_pipeline.cli.listing import listing, listing_console, plain
from reporting_pipeline.cli.session import session
from reporting_pipeline.due.expected_reports import Expectation, MissingReport, missing_reports
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("state", "organisation", "report", "period", "formats", "due since", "deadline")


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only this organisation.")
def due(organization: str | None) -> None:
    """List the reports that are due and missing.

    Then come the organisations of which nothing is expected, because no report is defined for them,
    and the templates that cannot be used. The exit code is 1 if there is one of these, or a report
    that is overdue.
    """
    with session() as settings:
        now = datetime.now(UTC)
        derive_definitions(settings.warehouse_url(), now)
        with warehouse_connection(settings.warehouse_url()) as connection:
            organization_id = chosen_organization(connection, organization)
            missing = [
                each
                for each in missing_reports(connection, now, Expectation.of(settings))
                if organization_id in {None, each.definition.organization_id}
            ]
            uncovered = [
                each
                for each in uncovered_organizations(connection)
                if organization_id in {None, each.organization_id}
            ]
            unusable = unusable_templates(connection)
            names = organization_names(connection)
    console = listing_console()
    if missing:
        rows = [
            (
                _state(each, now),
                names.get(each.definition.organization_id, each.definition.organization_id),
                *(each.definition.slug, each.period.token, ", ".join(each.formats)),
                *(_utc(each.due_at), _utc(each.deadline)),
            )
            for each in missing
        ]
        console.print(listing(_COLUMNS, rows))
    for each in uncovered:
        console.print(plain(str(each)), soft_wrap=True)
    for slug, reason in unusable.items():
        console.print(plain(f"the template {slug} cannot be used: {reason}"), soft_wrap=True)
    overdue_count = sum(each.is_overdue(now) for each in missing)
    console.print(
        f"{len(missing)} reports are due and missing, {overdue_count} of them overdue; "
        f"{len(uncovered)} organisations have no active report definition"
    )
    if overdue_count or uncovered or unusable:
        raise click.exceptions.Exit(1)


def _state(missing: MissingReport, now: datetime) -> str:
    if missing.is_overdue(now):
        return "overdue"
    return "due" if missing.is_ready else "waits for its days"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"
