"""`reporting alerts`, `metrics` and `sweep`: watching the service, and removing what it leaves."""

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import StoredAlert
from reporting_pipeline.alerts.alert_store import newest_alerts, open_alerts
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import WholeNumber
from reporting_pipeline.cli.session import announce, session
from reporting_pipeline.embedded.home import left_servers
from reporting_pipeline.embedded.process import StopRequest
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.housekeeping.leftovers import abandoned_folders, remove_folder
from reporting_pipeline.housekeeping.retention import (
    count_expired_alert_rows,
    count_expired_requests,
    delete_expired_alert_rows,
    delete_expired_objects,
    delete_expired_requests,
    expired_objects,
    expired_reports,
)
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landed_names import organization_names
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.telemetry.prometheus import WarehouseCollector, metrics_page, serve_metrics
from reporting_pipeline.warehouse.engine import warehouse_connection

if TYPE_CHECKING:
    from reporting_pipeline.orchestration.resources import AlertEvaluator

_ALERT_COLUMNS = ("state", "since", "severity", "kind", "organisation", "message")
_MAX_LISTED = 200
_EVERY_SECONDS = 30
_POLL_SECONDS = 0.2


@click.command()
@click.option("--open/--all", "only_open", default=True, help="List only open alerts; the default.")
@click.option(
    "--watch", is_flag=True, help="Evaluate every 30 seconds until Ctrl-C; print the changes."
)
def alerts(*, only_open: bool, watch: bool) -> None:
    """Evaluate the alerts and list the open ones; --all lists the newest resolved ones too.

    Opens and resolves alerts, and sends the changes to the channels of REPORTING_ALERT_CHANNELS, as
    Dagster's sensor does every 30 seconds. --watch repeats this without Dagster: so a report that
    is overdue is reported also when no daemon runs.
    """
    with session() as settings:
        from reporting_pipeline.orchestration.resources import AlertEvaluator  # imports Dagster

        evaluator = AlertEvaluator.of(settings)
        evaluator.require_channels()
        if watch:
            _watch(evaluator)
            return
        evaluation = evaluator.evaluate()
        with warehouse_connection(settings.warehouse_url()) as connection:
            now_open = open_alerts(connection)
            listed = now_open if only_open else newest_alerts(connection, _MAX_LISTED)
            names = organization_names(connection)
    console = listing_console()
    if listed:
        rows = [
            (
                *(_state(each), _utc(each.opened_at), each.alert.severity, each.alert.kind),
                names.get(each.alert.organization_id) if each.alert.organization_id else "all",
                each.alert.message,
            )
            for each in listed
        ]
        console.print(listing(_ALERT_COLUMNS, rows))
    console.print(
        f"{len(now_open)} alerts are open; now {len(evaluation.opened)} were opened, "
        f"{len(evaluation.updated)} updated, {len(evaluation.resolved)} resolved"
    )


def _watch(evaluator: "AlertEvaluator") -> None:
    stop_request = StopRequest()
    announce(f"the alerts are evaluated every {_EVERY_SECONDS} seconds until Ctrl-C")
    while not stop_request.is_asked():
        _evaluate(evaluator)
        stop_request.wait(_EVERY_SECONDS)


def _evaluate(evaluator: "AlertEvaluator") -> None:
    """Evaluate once; if the warehouse does not answer, the next evaluation tries again."""
    try:
        evaluation = evaluator.evaluate()
    except (ReportingError, psycopg.Error) as error:
        announce(f"the alerts could not be evaluated: {error}", logging.WARNING)
        return
    for word, changed in (("opened", evaluation.opened), ("resolved", evaluation.resolved)):
        for each in changed:
            announce(f"{word} {each.alert.kind}: {each.alert.message}")


def _state(stored: StoredAlert) -> str:
    return "open" if stored.resolved_at is None else f"resolved {_utc(stored.resolved_at)}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}"


@click.command()
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    help="Port on loopback; 0 takes any free one. Default: REPORTING_METRICS_PORT.",
)
@click.option("--once", is_flag=True, help="Print the metrics once, and end.")
def metrics(port: int | None, *, once: bool) -> None:
    """Serve the metrics for Prometheus until Ctrl-C.

    The page is http://127.0.0.1:PORT/metrics. It needs no login, and names no organisation.
    """
    with session() as settings:
        collector = metrics_of(settings.warehouse_url())
        if once:
            click.echo(metrics_page(collector), nl=False)
            return
        with serve_metrics(collector, settings.metrics_port if port is None else port) as address:
            announce(f"Metrics are at {address}; Ctrl-C ends.")
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                announce("The metrics have ended.")


def metrics_of(warehouse: URL) -> WarehouseCollector:
    """A collector of the warehouse's metrics; each scrape reads one snapshot."""

    @contextmanager
    def connect() -> Iterator[psycopg.Connection]:
        with warehouse_connection(warehouse) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection

    return WarehouseCollector(connect, lambda: datetime.now(UTC))


@click.command()
@click.option("--dry-run", is_flag=True, help="List everything, remove nothing.")
def sweep(*, dry_run: bool) -> None:
    """Remove leftovers of killed processes; list or delete what is past its retention.

    Leftovers are temporary folders and unfinished writes to the store that are older than
    REPORTING_LEFTOVER_GRACE_SECONDS, and, for root, the local servers' files of a REPORTING_HOME
    that was deleted. Past their retention may be the rows kept of editions,
    provisional files that were replaced, resolved alerts with their messages, and ended requests.
    These are deleted only if REPORTING_RETENTION_DELETES is true, otherwise listed. Current
    editions are never deleted.
    """
    now = datetime.now(UTC)
    with session() as settings:
        store = open_store(settings.store_address())
        _leftovers(store, now - timedelta(seconds=settings.leftover_grace_seconds), dry_run)
        is_deleted = settings.retention_deletes and not dry_run
        _expired_objects(settings, store, now, is_deleted=is_deleted)
        before = now - timedelta(days=settings.retention_alert_days)
        _expired_alerts(settings, before, is_deleted=is_deleted)
        _expired_requests(settings, before, is_deleted=is_deleted)


def _leftovers(store: ObjectStore, before: datetime, is_dry_run: bool) -> None:
    folders = abandoned_folders(Path(tempfile.gettempdir()), before)
    for folder in folders:
        say(f"temporary folder {folder}")
        if not is_dry_run:
            remove_folder(folder)
    _left_servers(is_dry_run=is_dry_run)
    unfinished = store.leftovers(before)
    for leftover in unfinished:
        say(f"unfinished write of {leftover.begun_at:%Y-%m-%d %H:%M}Z: {leftover.name}")
        if not is_dry_run:
            store.remove(leftover)
    done = "would be removed" if is_dry_run else "are removed"
    say(f"{len(folders)} temporary folders and {len(unfinished)} unfinished writes {done}")


def _left_servers(*, is_dry_run: bool) -> None:
    for left in left_servers():
        if left.home is None:
            say(
                f"servers' files {left.folder} do not say which home they are of, and stay: "
                "run a command with that home, or delete them"
            )
            continue
        say(f"servers' files {left.folder} of {left.home}, which is gone")
        if not is_dry_run:
            remove_folder(left.folder)


def _expired_objects(
    settings: Settings, store: ObjectStore, now: datetime, *, is_deleted: bool
) -> None:
    warehouse = settings.warehouse_url()
    years = {
        "financial": settings.retention_financial_years,
        "sales": settings.retention_sales_years,
        "operational": settings.retention_operational_years,
    }
    found = deleted = 0
    for report, keys in expired_objects(store, expired_reports(warehouse, years, now.date())):
        for key in keys:
            say(f"past its retention: {key}")
        found += len(keys)
        if is_deleted:
            deleted += delete_expired_objects(warehouse, store, report, keys)
    note = _why_kept(settings, found)
    say(f"{found} objects are past their retention, {deleted} of them are deleted{note}")


def _expired_alerts(settings: Settings, before: datetime, *, is_deleted: bool) -> None:
    work = delete_expired_alert_rows if is_deleted else count_expired_alert_rows
    expired = work(settings.warehouse_url(), before)
    note = _why_kept(settings, expired.total)
    say(
        f"{expired.alert_count} alerts, {expired.message_count} messages to channels and "
        f"{expired.notice_count} notices are past their retention, "
        f"{expired.total if is_deleted else 0} of them are deleted{note}"
    )


def _expired_requests(settings: Settings, before: datetime, *, is_deleted: bool) -> None:
    work = delete_expired_requests if is_deleted else count_expired_requests
    expired = work(settings.warehouse_url(), before)
    note = _why_kept(settings, expired)
    say(
        f"{expired} requests are past their retention, {expired if is_deleted else 0} of them are "
        f"deleted{note}"
    )


def _why_kept(settings: Settings, found: int) -> str:
    if settings.retention_deletes or not found:
        return ""
    return "; REPORTING_RETENTION_DELETES is not set"
