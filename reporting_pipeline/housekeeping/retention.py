"""Retention: finds and deletes objects of the store and rows of the catalogue that are too old.

    objects         kept rows of a report's editions, altered files that were kept aside, and
                    provisional files that were replaced
    requests        requests that have ended; a dead one stays until the report is requested again,
                    because its alert is open until then
    alert rows      resolved alerts, messages to channels and webhooks, and notices over Redis. Open
                    alerts stay, and so do messages that nobody has got yet. A notice that was never
                    published is deleted with the others: listeners read the tables instead

The file of a report's current edition, its manifest and the catalogue's reports stay for good. The
years of a report's objects are counted as laws do: from the end of the calendar year in which its
period ends. If the versions of a definition had several categories, the longest retention applies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.report_lock import report_lock_if_free
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, PROVISIONAL_MARK
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

_EXPIRED_REPORTS = """
    select
        definition.organization_id, definition.id as definition_id, definition.slug,
        report.period_first, report.period_end, report.event_id,
        array_remove(
            array_agg(report.storage_path) || array_agg(report.upcoming ->> 'storage_path'), null
        ) as in_use
    from catalogue.generated_reports as report
    inner join catalogue.report_definitions as definition on definition.id = report.definition_id
    where report.period_end <= make_date(
        %(year)s - (
            select max((%(years)s::jsonb ->> version.category)::integer)
            from catalogue.report_definition_versions as version
            where version.definition_id = definition.id
        ),
        1, 1
    )
    group by definition.id, report.period_first, report.period_end, report.event_id
    order by report.period_end, definition.id, report.event_id
"""

_EXPIRED_REQUESTS = """
    from catalogue.report_requests as expired
    where
        finished_at < %(before)s
        and (
            status <> 'dead'
            or exists (
                select 1 from catalogue.report_requests as later
                where
                    later.report_id = expired.report_id
                    and later.requested_at > expired.requested_at
            )
        )
"""
_EXPIRED_ALERTS = "from catalogue.alerts where resolved_at < %(before)s"
_EXPIRED_MESSAGES = """
    from catalogue.alert_deliveries
    where coalesce(delivered_at, given_up_at) < %(before)s
"""
_EXPIRED_NOTICES = "from catalogue.notices where created_at < %(before)s"
_EXPIRED_WEBHOOK_MESSAGES = """
    from catalogue.webhook_deliveries
    where coalesce(delivered_at, given_up_at) < %(before)s
"""
_ALERT_ROWS = (_EXPIRED_ALERTS, _EXPIRED_MESSAGES, _EXPIRED_WEBHOOK_MESSAGES, _EXPIRED_NOTICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredReport:
    """A report of one definition and period that is past its retention.

    Attributes:
        in_use: The keys of the files of current or upcoming editions.
    """

    organization_id: UUID
    definition_id: UUID
    slug: str
    period_first: date | None
    period_end: date
    event_id: UUID | None
    in_use: Sequence[str]

    @property
    def key(self) -> ReportKey:
        """One of its keys: all formats have the same lock and folder."""
        return ReportKey(
            organization_id=self.organization_id,
            definition_id=self.definition_id,
            slug=self.slug,
            period=Period(first=self.period_first, end=self.period_end, event_id=self.event_id),
            format=ReportFormat.CSV,
        )

    def is_expired(self, key: str) -> bool:
        """True if an object in the report's folder is past its retention."""
        folder, _, name = key.rpartition("/")
        is_rows = folder in {f"{self.key.folder}/rows", f"{self.key.folder}/altered"}
        is_provisional = name.partition(".")[0].endswith(PROVISIONAL_MARK)
        return is_rows or (is_provisional and key.removesuffix(MANIFEST_SUFFIX) not in self.in_use)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredAlertRows:
    """The numbers of rows about alerts and notices that are past their retention."""

    alert_count: int
    message_count: int
    notice_count: int

    @property
    def total(self) -> int:
        """The sum of the counts."""
        return self.alert_count + self.message_count + self.notice_count


def expired_reports(warehouse: URL, years: Mapping[str, int], today: date) -> list[ExpiredReport]:
    """The reports that are past their retention, oldest first.

    Args:
        warehouse: The warehouse's address.
        years: The retention of each category, in years.
        today: The current day, in UTC.
    """
    with (
        warehouse_connection(warehouse) as connection,
        connection.cursor(row_factory=class_row(ExpiredReport)) as cursor,
    ):
        bound = {"year": today.year, "years": Jsonb(dict(years))}
        return cursor.execute(_EXPIRED_REPORTS, bound).fetchall()


def expired_objects(
    store: ObjectStore, reports: Sequence[ExpiredReport]
) -> Iterator[tuple[ExpiredReport, list[str]]]:
    """The objects in the store that are past their retention, by report, sorted.

    The keys of each organisation are listed once, however many of its reports are expired.
    """
    by_folder = {report.key.folder: report for report in reports}
    found: dict[str, list[str]] = {}
    for organization_id in sorted({str(report.organization_id) for report in reports}):
        for key in store.list_keys(organization_id):
            folder = "/".join(key.split("/")[:3])
            report = by_folder.get(folder)
            if report is not None and report.is_expired(key):
                found.setdefault(folder, []).append(key)
    for folder, report in by_folder.items():
        if folder in found:
            yield report, sorted(found[folder])


def delete_expired_objects(
    warehouse: URL, store: ObjectStore, report: ExpiredReport, keys: Sequence[str]
) -> int:
    """Delete objects of a report, unless it is being generated.

    Returns:
        How many were deleted; 0 if another process holds the report's lock.
    """
    with report_lock_if_free(warehouse, report.key) as locked:
        if locked is None:
            return 0
        # A provisional file may have become the current edition since it was listed.
        current = locked.execute(
            "select storage_path from catalogue.generated_reports"
            " where definition_id = %s and period = %s and storage_path is not null",
            (report.definition_id, report.key.period.token),
        ).fetchall()
        kept = {path for (path,) in current}
        deleted = [key for key in keys if key.removesuffix(MANIFEST_SUFFIX) not in kept]
        for key in deleted:
            store.delete(key)
        return len(deleted)


def count_expired_requests(warehouse: URL, before: datetime) -> int:
    """Count the requests that ended before an instant; nothing is changed.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    [count] = _count(warehouse, [_EXPIRED_REQUESTS], before)
    return count


def delete_expired_requests(warehouse: URL, before: datetime) -> int:
    """Delete the requests that ended before an instant; returns how many.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    [count] = _delete(warehouse, [_EXPIRED_REQUESTS], before)
    return count


def count_expired_alert_rows(warehouse: URL, before: datetime) -> ExpiredAlertRows:
    """Count the rows of alerts, messages and notices that are over since before an instant.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    return _alert_rows(_count(warehouse, _ALERT_ROWS, before))


def delete_expired_alert_rows(warehouse: URL, before: datetime) -> ExpiredAlertRows:
    """Delete the rows of alerts, messages and notices that are over since before an instant.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    return _alert_rows(_delete(warehouse, _ALERT_ROWS, before))


def _alert_rows(counts: Sequence[int]) -> ExpiredAlertRows:
    alerts, to_channels, to_webhooks, notices = counts
    return ExpiredAlertRows(
        alert_count=alerts, message_count=to_channels + to_webhooks, notice_count=notices
    )


def _count(warehouse: URL, selections: Sequence[str], before: datetime) -> list[int]:
    with warehouse_connection(warehouse) as connection:
        found = [
            connection.execute(f"select count(*) {each}".encode(), {"before": before}).fetchall()
            for each in selections
        ]
    return [int(count) for [(count,)] in found]


def _delete(warehouse: URL, selections: Sequence[str], before: datetime) -> list[int]:
    with warehouse_connection(warehouse) as connection:
        return [
            connection.execute(f"delete {each}".encode(), {"before": before}).rowcount
            for each in selections
        ]
