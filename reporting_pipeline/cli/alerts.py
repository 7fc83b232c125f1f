"""`reporting alerts`: what stands and should not.

What belongs here: arguments and what a person reads. What does not: alerts (`delivery.alerts`).
"""

from datetime import UTC, datetime

import click

from reporting_pipeline.cli.report_table import organization_names, report_console, report_table
from reporting_pipeline.cli.session import session
from reporting_pipeline.delivery.alerts.alert import StoredAlert
from reporting_pipeline.delivery.alerts.book import newest_alerts, open_alerts
from reporting_pipeline.orchestration.alert_desk import Alerts
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("state", "since", "severity", "kind", "organisation", "what")
_NEWEST = 200


@click.command()
@click.option("--open/--all", "only_open", default=True, help="Only open ones; the default.")
def alerts(only_open: bool) -> None:
    """Look what stands, and list the open alerts; with --all also the newest resolved ones.

    Opens and resolves alerts, and tells the channels of REPORTING_ALERT_CHANNELS, as Dagster's
    sensor does every half minute.
    """
    with session() as settings:
        desk = Alerts(settings)
        desk.require_channels()
        evaluation = desk.round()
        with warehouse_connection(settings.warehouse_url()) as connection:
            standing = open_alerts(connection)
            listed = standing if only_open else newest_alerts(connection, _NEWEST)
            names = organization_names(connection)
    console = report_console()
    if listed:
        rows = [
            (
                *(_state(each), _utc(each.opened_at), each.alert.severity, each.alert.kind),
                names.get(each.alert.organization_id) if each.alert.organization_id else "all",
                each.alert.message,
            )
            for each in listed
        ]
        console.print(report_table(_COLUMNS, rows))
    console.print(
        f"{len(standing)} alerts are open; now {len(evaluation.opened)} were opened, "
        f"{len(evaluation.updated)} updated, {len(evaluation.resolved)} resolved"
    )


def _state(stored: StoredAlert) -> str:
    return "open" if stored.resolved_at is None else f"resolved {_utc(stored.resolved_at)}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"
