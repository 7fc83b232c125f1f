"""`reporting alerts`: what stands and should not, once or all the time.

What belongs here: arguments and what a person reads. What does not: alerts (`alerts`).
"""

import time
from datetime import UTC, datetime

import click
import psycopg

from reporting_pipeline.alerts.alert import StoredAlert
from reporting_pipeline.alerts.alert_store import newest_alerts, open_alerts
from reporting_pipeline.cli.report_table import organization_names, report_console, report_table
from reporting_pipeline.cli.session import session
from reporting_pipeline.embedded.supervisor import StopRequest
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.orchestration.resources import AlertEvaluator
from reporting_pipeline.warehouse.engine import warehouse_connection

_COLUMNS = ("state", "since", "severity", "kind", "organisation", "what")
_NEWEST = 200
_EVERY_SECONDS = 30
_POLL_SECONDS = 0.2


@click.command()
@click.option("--open/--all", "only_open", default=True, help="Only open ones; the default.")
@click.option(
    "--watch", is_flag=True, help="Look every half minute until Ctrl-C; say what changes."
)
def alerts(*, only_open: bool, watch: bool) -> None:
    """Look what stands, and list the open alerts; with --all also the newest resolved ones.

    Opens and resolves alerts, and tells the channels of REPORTING_ALERT_CHANNELS, as Dagster's
    sensor does every half minute. With --watch it goes on doing so, also while no daemon runs: a
    report that is overdue is told whatever is down.
    """
    with session() as settings:
        evaluator = AlertEvaluator(settings)
        evaluator.require_channels()
        if watch:
            _watch(evaluator)
            return
        evaluation = evaluator.evaluate()
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


def _watch(evaluator: AlertEvaluator) -> None:
    stop_request = StopRequest()
    click.echo(f"what stands is looked at every {_EVERY_SECONDS} seconds; Ctrl-C ends")
    while not stop_request.is_asked():
        _look(evaluator)
        begun = time.monotonic()
        while not stop_request.is_asked() and time.monotonic() < begun + _EVERY_SECONDS:
            time.sleep(_POLL_SECONDS)


def _look(evaluator: AlertEvaluator) -> None:
    """Look once; a warehouse that is away is looked at again."""
    try:
        evaluation = evaluator.evaluate()
    except (ReportingError, psycopg.Error) as error:
        click.echo(f"what stands cannot be seen: {error}", err=True)
        return
    for word, changed in (("opened", evaluation.opened), ("resolved", evaluation.resolved)):
        for each in changed:
            click.echo(f"{word} {each.alert.kind}: {each.alert.message}")


def _state(stored: StoredAlert) -> str:
    return "open" if stored.resolved_at is None else f"resolved {_utc(stored.resolved_at)}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"
