"""Answering who asks for a report: from memory, from the catalogue, or by the queue.

That a report is current, so that generating it would give the same, is kept with the edition; it is
forgotten with a new edition and with rebuilt days. What belongs here: the order of the three. What
does not: what is current (`requests.current_report`), and who may ask for whom.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.publishing.report_rows import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import Asked, Asking, ask
from reporting_pipeline.requests.request import StoredRequest
from reporting_pipeline.serving.hot_cache import Bounds, HotCache, HotKey
from reporting_pipeline.serving.hot_reports import HotReport, HotReports


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody gets who asks for a report.

    Attributes:
        report: Its current file; None where it has to be generated first.
        request: What waits for that; None where the report is there.
        is_new: The request was not open before.
    """

    report: HotReport | None = None
    request: StoredRequest | None = None
    is_new: bool = False


class Answers:
    """Answers to who asks for reports; every method may be called from any thread.

    Args:
        warehouse: Where the catalogue and the requests are.
        reports: The files.
        bounds: Of what is known to be current.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, warehouse: URL, reports: HotReports, bounds: Bounds, clock: Callable[[], float]
    ) -> None:
        self._warehouse = warehouse
        self._reports = reports
        self._current: HotCache[bool] = HotCache(bounds, lambda _: 1, clock)

    def answer(self, asking: Asking, request: ReportRequest, format_: ReportFormat) -> Answer:
        """A report's file where it is current; else what waits until it is.

        Raises:
            DefinitionInvalid: It cannot be had.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = ReportKey.of(request.definition, request.period, format_)
        known = HotKey(
            organization_id=key.organization_id,
            item=key.id,
            version=" ".join(
                (
                    str(request.definition.version),
                    request.definition.status,
                    "provisional" if request.is_provisional_allowed else "published",
                )
            ),
        )
        asked: list[Asked] = []

        def is_current() -> bool | None:
            asked.append(ask(self._warehouse, asking, request, format_))
            return True if asked[0].report is not None else None

        if self._current.get(known, is_current):
            return Answer(report=self._reports.report(key.organization_id, key.id))
        if not asked:  # somebody else asked at the same time: it is the same request
            asked.append(ask(self._warehouse, asking, request, format_))
        if asked[0].report is not None:
            return Answer(report=self._reports.report(key.organization_id, key.id))
        return Answer(request=asked[0].request, is_new=asked[0].is_new)

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        """Ask the catalogue when next asked: of a report, or of all of an organisation's."""
        self._current.drop(
            lambda key: key.organization_id == organization_id and report_id in {None, key.item}
        )

    def forget_all(self) -> None:
        """Ask the catalogue when next asked, whatever for."""
        self._current.drop(lambda _: True)
