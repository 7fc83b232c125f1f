"""The report desk: returns reports and summaries to a platform that runs this package in-process.

    with report_desk(Settings.from_environment()) as desk:
        answer = desk.report(organization_id, "daily-revenue", period, ReportFormat.XLSX)
        if answer.report is not None:
            send(answer.report.content)
        else:
            wait_for(answer.request.id)
            send(desk.file(organization_id, answer.request.key.id).content)

One desk serves all threads of the process for as long as it is open. A current report comes from
memory, or from the catalogue and the store. A report that is not current is queued for `reporting
work`, once for all callers. The platform decides who may see which organisation.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.domain.period import Period
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import AskContext
from reporting_pipeline.serving.event_summaries import EventSummary
from reporting_pipeline.serving.invalidation import ChangeListener, ServingCaches, open_caches
from reporting_pipeline.serving.report_files import ReportFile
from reporting_pipeline.serving.report_lookup import LookupResult
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDesk:
    """Returns reports and summaries to the threads of a process.

    Attributes:
        clock: The time now, with its zone.
    """

    settings: Settings
    caches: ServingCaches
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def report(
        self,
        organization_id: UUID,
        slug: str,
        period: Period,
        format_: ReportFormat,
        *,
        is_provisional_allowed: bool = False,
    ) -> LookupResult:
        """An organisation's report: its file if it is current, otherwise the request for it.

        Args:
            organization_id: The organisation, authorised by the platform.
            slug: The slug of the definition.
            period: For example `Period.of_token("2026-02-28")`.
            format_: One of the definition's formats.
            is_provisional_allowed: Allow held days; the file is then stamped PROVISIONAL.

        Raises:
            UnknownDefinition: The organisation has no such definition.
            DefinitionInvalid: The definition is not active, or has no such format or period.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        definition = self.caches.definitions.definition(organization_id, slug)
        now = self.clock()
        result = self.caches.reports.look_up(
            AskContext(now=now, final_delay_seconds=self.settings.final_delay_seconds),
            ReportRequest(
                definition=definition,
                period=period,
                is_provisional_allowed=is_provisional_allowed,
            ),
            format_,
        )
        redis_url = self.settings.redis_address()
        if result.is_new and redis_url is not None:
            publish_notices(self.settings.warehouse_url(), redis_url, now)
        return result

    def file(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """The current file of a report, even if its days are not final yet.

        Args:
            organization_id: The organisation, authorised by the platform.
            report_id: The `report_id` of a notice, or `key.id` of a request.

        Returns:
            None if the organisation has no such report, or no edition of it is published.

        Raises:
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        return self.caches.files.file(organization_id, report_id)

    def summary(self, organization_id: UUID, event_id: UUID, as_of: date) -> EventSummary | None:
        """The summary of an organisation's event at the end of a report day; None if there is none.

        Raises:
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        return self.caches.summaries.summary(organization_id, event_id, as_of)


@contextmanager
def report_desk(
    settings: Settings,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[ReportDesk]:
    """A desk that drops outdated values by notices over Redis, while the context is open.

    Without Redis, outdated values expire with the caches.

    Args:
        settings: Settings with the addresses of warehouse and store, and of Redis if there is one.
        clock: Seconds, monotonic.

    Raises:
        SettingsError: An address is missing.
    """
    caches = open_caches(settings, open_store(settings.store_address()), clock)
    redis_url = settings.redis_address()
    if redis_url is None:
        yield ReportDesk(settings=settings, caches=caches)
        return
    listener = ChangeListener(caches, redis_url)
    listener.start()
    try:
        yield ReportDesk(settings=settings, caches=caches)
    finally:
        listener.stop()
