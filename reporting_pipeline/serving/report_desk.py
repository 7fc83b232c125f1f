"""The desk of a platform that runs this package in its own process: reports and summaries at once.

    with report_desk(Settings.from_environment()) as desk:
        answer = desk.report(organization_id, "daily-revenue", period, ReportFormat.XLSX)
        if answer.report is not None:
            send(answer.report.content)
        else:
            wait_for(answer.request.id)
            send(desk.file(organization_id, answer.request.key.id).content)

One desk serves all threads of the process, as long as it lives. What stands comes from memory, then
from the catalogue and the store; what does not stand is queued for `reporting work`, once however
many ask.

What belongs here: what a platform calls. What does not: who may see which organisation, which the
platform knows, and generating (`delivery`).
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
    """Answers for the threads of a process.

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
        """An organisation's report: its file where it is current, else what waits until it is.

        Args:
            organization_id: Whose, as the platform has authorised it.
            slug: Of the definition.
            period: As `Period.of_token("2026-02-28")` gives it.
            format_: One of the definition's.
            is_provisional_allowed: Also over days that are held, stamped PROVISIONAL.

        Raises:
            UnknownDefinition: The organisation has no such definition.
            DefinitionInvalid: It cannot be had: not active, no such format, no such period.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        definition = self.caches.definitions.definition(organization_id, slug)
        now = self.clock()
        answer = self.caches.answers.answer(
            AskContext(now=now, final_delay_seconds=self.settings.final_delay_seconds),
            ReportRequest(
                definition=definition,
                period=period,
                is_provisional_allowed=is_provisional_allowed,
            ),
            format_,
        )
        redis_url = self.settings.redis_address()
        if answer.is_new and redis_url is not None:
            publish_notices(self.settings.warehouse_url(), redis_url, now)
        return answer

    def file(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """A report's file as it stands, also where its days are not final yet.

        Args:
            organization_id: Whose.
            report_id: As the message says that tells of it, or the request's `key.id`.

        Returns:
            None where the organisation has no such report, or none of it is published.

        Raises:
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        return self.caches.reports.report(organization_id, report_id)

    def summary(self, organization_id: UUID, event_id: UUID, as_of: date) -> EventSummary | None:
        """Where an organisation's event stood at the end of a report day; None: nothing yet.

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
    """A desk, which hears of restatements over Redis while the context is open.

    Without Redis, or while it is away, a restatement is seen after the caches' time at the latest.

    Args:
        settings: With the addresses of warehouse and store, and of Redis where there is one.
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
