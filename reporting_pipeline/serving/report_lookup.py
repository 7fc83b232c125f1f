"""The report definitions that are asked for, from memory: the current version of each.

A changed definition is another version, so nothing of the former one answers for it. That it has
changed is told over Redis (`restatements`), and seen after the cache's time at the latest.

What belongs here: reading a definition for one organisation. What does not: answering with its
reports (`answers`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import AskContext, AskResult, ask
from reporting_pipeline.requests.request_queue import StoredRequest
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, HotCache
from reporting_pipeline.serving.report_files import ReportFile, ReportFiles
from reporting_pipeline.warehouse.engine import warehouse_connection


class DefinitionLookup:
    """Definitions by organisation and slug; every method may be called from any thread.

    Args:
        warehouse: Where the catalogue is.
        bounds: How many, and how long; each counts as one byte.
        clock: Seconds, monotonic.
    """

    def __init__(self, warehouse: URL, bounds: CacheLimits, clock: Callable[[], float]) -> None:
        self._warehouse = warehouse
        self._kept: HotCache[ReportDefinition] = HotCache(bounds, lambda _: 1, clock)

    def definition(self, organization_id: UUID, slug: str) -> ReportDefinition:
        """The current version of an organisation's definition.

        Raises:
            UnknownDefinition: There is none; the message lists those that there are.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = CacheKey(organization_id=organization_id, item=slug)
        found = self._kept.get(key, lambda: self._read(organization_id, slug))
        assert found is not None  # noqa: S101 - it is there, or an error was raised
        return found

    def forget(self, organization_id: UUID) -> None:
        """Look up an organisation's definitions when next asked."""
        self._kept.drop(lambda key: key.organization_id == organization_id)

    def forget_all(self) -> None:
        """Look up every definition when next asked."""
        self._kept.drop(lambda _: True)

    def _read(self, organization_id: UUID, slug: str) -> ReportDefinition:
        with warehouse_connection(self._warehouse) as connection:
            return definition_by_slug(connection, organization_id, slug)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """What somebody gets who asks for a report.

    Attributes:
        report: Its current file; None where it has to be generated first.
        request: What waits for that; None where the report is there.
        is_new: The request was not open before.
    """

    report: ReportFile | None = None
    request: StoredRequest | None = None
    is_new: bool = False


class ReportLookup:
    """Answers to who asks for reports; every method may be called from any thread.

    Args:
        warehouse: Where the catalogue and the requests are.
        reports: The files.
        bounds: Of what is known to be current.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, warehouse: URL, reports: ReportFiles, bounds: CacheLimits, clock: Callable[[], float]
    ) -> None:
        self._warehouse = warehouse
        self._reports = reports
        self._current: HotCache[bool] = HotCache(bounds, lambda _: 1, clock)

    def answer(
        self, asking: AskContext, request: ReportRequest, format_: ReportFormat
    ) -> LookupResult:
        """A report's file where it is current; else what waits until it is.

        Raises:
            DefinitionInvalid: It cannot be had.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = ReportKey.of(request.definition, request.period, format_)
        known = CacheKey(
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
        asked: list[AskResult] = []

        def is_current() -> bool | None:
            asked.append(ask(self._warehouse, asking, request, format_))
            return True if asked[0].report is not None else None

        if self._current.get(known, is_current):
            return LookupResult(report=self._reports.report(key.organization_id, key.id))
        if not asked:  # somebody else asked at the same time: it is the same request
            asked.append(ask(self._warehouse, asking, request, format_))
        if asked[0].report is not None:
            return LookupResult(report=self._reports.report(key.organization_id, key.id))
        return LookupResult(request=asked[0].request, is_new=asked[0].is_new)

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        """Ask the catalogue when next asked: of a report, or of all of an organisation's."""
        self._current.drop(
            lambda key: key.organization_id == organization_id and report_id in {None, key.item}
        )

    def forget_all(self) -> None:
        """Ask the catalogue when next asked, whatever for."""
        self._current.drop(lambda _: True)
