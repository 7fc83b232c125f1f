"""The report desk: returns reports and summaries to a platform that runs this package in-process.

    with report_desk(Settings.from_environment()) as desk:
        answer = desk.report(organization_id, "daily-revenue", period, ReportFormat.XLSX)
        match answer.state:
            case AnswerState.READY:
                send(answer.report.content)
            case AnswerState.WAITING:
                wait_for(answer.request.id)  # then desk.file(organization_id, report_id)
            case AnswerState.HELD:
                show(answer.reason)

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

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.generated_reports import generated_report
from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, FileLost
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import AskContext, ask_within
from reporting_pipeline.serving.event_summaries import EventSummary
from reporting_pipeline.serving.invalidation import (
    ChangeListener,
    NoticeReader,
    ServingCaches,
    open_caches,
)
from reporting_pipeline.serving.report_files import NoFile, ReportFile
from reporting_pipeline.serving.report_lookup import LookupResult
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection


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

        The `state` of the result is READY, WAITING, HELD or EMPTY. While nothing has changed, a
        report that was held is held again at once, with the same `reason`, and nothing is queued.

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
            self._context(now),
            ReportRequest(
                definition=definition,
                period=period,
                is_provisional_allowed=is_provisional_allowed,
            ),
            format_,
        )
        if result.is_new:
            self._publish(now)
        return result

    def file(self, organization_id: UUID, report_id: UUID) -> ReportFile | NoFile | None:
        """The current file of a report, even if its days are not final yet, or why there is none.

        Args:
            organization_id: The organisation, authorised by the platform.
            report_id: The `report_id` of a notice, or `key.id` of a request.

        Returns:
            The file; or `NoFile` if no edition is published: `state` is WAITING, HELD, FAILED or
            EMPTY, with the `reason`. None if the organisation never requested such a report.

        Raises:
            FileLost: The file is gone from the store, or altered there; a request generates it
                again.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        try:
            found = self.caches.files.file(organization_id, report_id)
            return found or self.caches.files.no_file(organization_id, report_id)
        except FileLost as lost:
            self.caches.reports.forget(organization_id, report_id)
            message = f"{lost.message}; {self._request_again(report_id)}"
            raise FileLost(message) from lost

    def _request_again(self, report_id: UUID) -> str:
        """Queue a request for a lost file; what happens to it, for people."""
        now = self.clock()
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            report = generated_report(connection, report_id)
            if report is None:
                return "the catalogue does not have it any more"
            definition = definition_by_slug(connection, report.organization_id, report.slug)
            request = ReportRequest(
                definition=definition,
                period=report.key.period,
                is_provisional_allowed=report.is_provisional,
            )
            try:
                asked = ask_within(connection, self._context(now), request, report.key.format)
            except DefinitionInvalid as error:
                return f"it cannot be generated again: {error.message}"
        self._publish(now)
        if asked.request is None:
            return "it has been generated again: ask again"
        return f"request {asked.request.id} generates it again: ask again when it has ended"

    def _context(self, now: datetime) -> AskContext:
        return AskContext(
            now=now,
            final_delay_seconds=self.settings.final_delay_seconds,
            store=self.caches.files.store,
        )

    def definitions_changed(self, organization_id: UUID) -> None:
        """Use the changed definitions of an organisation from now on, in every process."""
        self.caches.definitions.forget(organization_id)
        self._publish(self.clock())

    def _publish(self, now: datetime) -> None:
        redis_url = self.settings.redis_address()
        if redis_url is not None:
            publish_notices(self.settings.warehouse_url(), redis_url, now)

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
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    reader: NoticeReader | None = None,
) -> Iterator[ReportDesk]:
    """A desk that drops outdated values by notices over Redis, while the context is open.

    Without Redis, outdated values expire with the caches.

    Args:
        settings: Settings with the addresses of warehouse and store, and of Redis if there is one.
        clock: Seconds, monotonic.
        now: The time now, with its zone.
        reader: Reads every notice too.

    Raises:
        SettingsError: An address is missing.
    """
    caches = open_caches(settings, open_store(settings.store_address()), clock)
    redis_url = settings.redis_address()
    if redis_url is None:
        yield ReportDesk(settings=settings, caches=caches, clock=now)
        return
    listener = ChangeListener(caches, redis_url, reader)
    listener.start()
    try:
        yield ReportDesk(settings=settings, caches=caches, clock=now)
    finally:
        listener.stop()
