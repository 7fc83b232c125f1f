"""`reporting sweep`: what killed processes have left, and what is past its retention.

What belongs here: arguments and what a person reads. What does not: what is swept (`delivery`).
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from reporting_pipeline.cli.session import session
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
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore


@click.command()
@click.option("--dry-run", is_flag=True, help="List everything, remove nothing.")
def sweep(*, dry_run: bool) -> None:
    """Remove what killed processes have left, and what is past its retention.

    Removed: temporary folders and unfinished writes to the store that are older than
    REPORTING_LEFTOVER_GRACE_SECONDS. Past their retention are the kept rows of editions,
    provisional files that were replaced, what was told of alerts that are over, and requests that
    have ended: these are deleted only if REPORTING_RETENTION_DELETES is true, and else are listed.
    Current editions are never deleted.
    """
    now = datetime.now(UTC)
    with session() as settings:
        store = open_store(settings.store_address())
        _leftovers(store, now - timedelta(seconds=settings.leftover_grace_seconds), dry_run)
        is_deleted = settings.retention_deletes and not dry_run
        _retention(settings, store, now, is_deleted=is_deleted)
        before = now - timedelta(days=settings.retention_alert_days)
        _told(settings, before, is_deleted=is_deleted)
        _requests(settings, before, is_deleted=is_deleted)


def _leftovers(store: ObjectStore, before: datetime, is_dry_run: bool) -> None:
    folders = abandoned_folders(Path(tempfile.gettempdir()), before)
    for folder in folders:
        click.echo(f"temporary folder {folder}")
        if not is_dry_run:
            remove_folder(folder)
    unfinished = store.leftovers(before)
    for leftover in unfinished:
        click.echo(f"unfinished write of {leftover.begun_at:%Y-%m-%d %H:%M}Z: {leftover.name}")
        if not is_dry_run:
            store.remove(leftover)
    done = "would be removed" if is_dry_run else "are removed"
    click.echo(f"{len(folders)} temporary folders and {len(unfinished)} unfinished writes {done}")


def _retention(settings: Settings, store: ObjectStore, now: datetime, *, is_deleted: bool) -> None:
    warehouse = settings.warehouse_url()
    years = {
        "financial": settings.retention_financial_years,
        "sales": settings.retention_sales_years,
        "operational": settings.retention_operational_years,
    }
    found = deleted = 0
    for report, keys in expired_objects(store, expired_reports(warehouse, years, now.date())):
        for key in keys:
            click.echo(f"past its retention: {key}")
        found += len(keys)
        if is_deleted:
            deleted += delete_expired_objects(warehouse, store, report, keys)
    stay = _why_they_stay(settings, found)
    click.echo(f"{found} objects are past their retention, {deleted} of them are deleted{stay}")


def _told(settings: Settings, before: datetime, *, is_deleted: bool) -> None:
    work = delete_expired_alert_rows if is_deleted else count_expired_alert_rows
    past = work(settings.warehouse_url(), before)
    stay = _why_they_stay(settings, past.total)
    click.echo(
        f"{past.alert_count} alerts, {past.message_count} messages to channels and "
        f"{past.notice_count} notices are past their retention, "
        f"{past.total if is_deleted else 0} of them are deleted{stay}"
    )


def _requests(settings: Settings, before: datetime, *, is_deleted: bool) -> None:
    work = delete_expired_requests if is_deleted else count_expired_requests
    past = work(settings.warehouse_url(), before)
    stay = _why_they_stay(settings, past)
    click.echo(
        f"{past} requests are past their retention, {past if is_deleted else 0} of them are "
        f"deleted{stay}"
    )


def _why_they_stay(settings: Settings, found: int) -> str:
    if settings.retention_deletes or not found:
        return ""
    return "; REPORTING_RETENTION_DELETES is not set"
