"""Retention: which objects of the store are older than their category is kept.

Two kinds of objects pass: the kept rows of a report's editions, and provisional files that a later
edition has replaced. The file that stands as a report's current edition, its manifest and the
catalogue stay for good.

A report's years begin with the end of the calendar year in which its period ends, as laws count
them. Where the versions of a definition had several categories, the longest holds.

What belongs here: what is past its time, and deleting it under the report's lock. What does not:
how long that is (a setting), and whether it is deleted (who calls).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.catalogue.report_keys import PROVISIONAL_MARK, ReportKey
from reporting_pipeline.catalogue.report_lock import report_lock_if_free
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredReport:
    """A report of one definition and period that is past its retention.

    Attributes:
        in_use: The keys of the files that stand as current editions, or are about to.
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
        """One of its keys: lock and folder are the same for all formats."""
        return ReportKey(
            organization_id=self.organization_id,
            definition_id=self.definition_id,
            slug=self.slug,
            period=Period(first=self.period_first, end=self.period_end, event_id=self.event_id),
            format=ReportFormat.CSV,
        )

    def is_expired(self, key: str) -> bool:
        """Whether an object in its folder is kept no longer."""
        folder, _, name = key.rpartition("/")
        is_rows = folder == f"{self.key.folder}/rows"
        is_provisional = name.partition(".")[0].endswith(PROVISIONAL_MARK)
        return is_rows or (is_provisional and key.removesuffix(MANIFEST_SUFFIX) not in self.in_use)


def expired_reports(warehouse: URL, years: Mapping[str, int], today: date) -> list[ExpiredReport]:
    """The reports that are past their retention, oldest first.

    Args:
        warehouse: Its address.
        years: How long each category is kept.
        today: The day to judge by, in UTC.
    """
    with (
        warehouse_connection(warehouse) as connection,
        connection.cursor(row_factory=class_row(ExpiredReport)) as cursor,
    ):
        return cursor.execute(
            _EXPIRED_REPORTS, {"year": today.year, "years": Jsonb(dict(years))}
        ).fetchall()


def expired_objects(
    store: ObjectStore, reports: Sequence[ExpiredReport]
) -> Iterator[tuple[ExpiredReport, list[str]]]:
    """The objects of the store that are kept no longer, by report, sorted.

    Each organisation's keys are listed once, however many of its reports are past.
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
        How many were deleted; 0 where somebody has the report's lock.
    """
    with report_lock_if_free(warehouse, report.key) as locked:
        if locked is None:
            return 0
        # A provisional file may have become the current edition since it was listed.
        standing = locked.execute(
            "select storage_path from catalogue.generated_reports"
            " where definition_id = %s and period = %s and storage_path is not null",
            (report.definition_id, report.key.period.token),
        ).fetchall()
        kept = {path for (path,) in standing}
        deleted = [key for key in keys if key.removesuffix(MANIFEST_SUFFIX) not in kept]
        for key in deleted:
            store.delete(key)
        return len(deleted)


_EXPIRED_REQUESTS = """
    from catalogue.report_requests as past
    where
        finished_at < %s
        and (
            status <> 'dead'
            or exists (
                select 1 from catalogue.report_requests as later
                where
                    later.report_id = past.report_id
                    and later.requested_at > past.requested_at
            )
        )
"""


def count_expired_requests(warehouse: URL, before: datetime) -> int:
    """How many ended before an instant; nothing is changed.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        [(count,)] = connection.execute(
            f"select count(*) {_EXPIRED_REQUESTS}", (before,)
        ).fetchall()
        return int(count)


def delete_expired_requests(warehouse: URL, before: datetime) -> int:
    """Delete those that ended before an instant; how many.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        return connection.execute(f"delete {_EXPIRED_REQUESTS}", (before,)).rowcount


_EXPIRED_ALERTS = "from catalogue.alerts where resolved_at < %(before)s"
_EXPIRED_MESSAGES = """
    from catalogue.alert_deliveries
    where coalesce(delivered_at, given_up_at) < %(before)s
"""
_EXPIRED_NOTICES = "from catalogue.notices where created_at < %(before)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredAlertRows:
    """How many rows are past their time."""

    alert_count: int
    message_count: int
    notice_count: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.alert_count + self.message_count + self.notice_count


def count_expired_alert_rows(warehouse: URL, before: datetime) -> ExpiredAlertRows:
    """What was over before an instant; nothing is changed."""
    with warehouse_connection(warehouse) as connection:
        counts = [
            connection.execute(f"select count(*) {each}".encode(), {"before": before}).fetchall()
            for each in (_EXPIRED_ALERTS, _EXPIRED_MESSAGES, _EXPIRED_NOTICES)
        ]
    [[(alert_count,)], [(message_count,)], [(notice_count,)]] = counts
    return ExpiredAlertRows(
        alert_count=alert_count, message_count=message_count, notice_count=notice_count
    )


def delete_expired_alert_rows(warehouse: URL, before: datetime) -> ExpiredAlertRows:
    """Delete what was over before an instant; how many rows of each."""
    with warehouse_connection(warehouse) as connection:
        alert_count, message_count, notice_count = (
            connection.execute(f"delete {each}".encode(), {"before": before}).rowcount
            for each in (_EXPIRED_ALERTS, _EXPIRED_MESSAGES, _EXPIRED_NOTICES)
        )
    return ExpiredAlertRows(
        alert_count=alert_count, message_count=message_count, notice_count=notice_count
    )
