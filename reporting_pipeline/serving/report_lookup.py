"""Looks up reports: from memory, then in the catalogue, and queues a request if there is none.

Memory holds the current version of definitions, and whether a report is current, so that generating
it again would give the same file. Both are dropped by notices over Redis (`invalidation`), or when
they expire at the latest. `requests.ask` decides whether a report is current.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.errors import FileLost
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import Answer, AskContext, AskResult, ask
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, HotCache
from reporting_pipeline.serving.report_files import ReportFile, ReportFiles
from reporting_pipeline.warehouse.tenancy import tenant_session


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult(Answer):
    """The current file of a report, or the request for it.

    Attributes:
        report: The current file; None if it must be generated first.
    """

    report: ReportFile | None = None


class ReportLookup:
    """Reports by definition, period and format; all methods are thread-safe.

    Args:
        warehouse: The warehouse with the catalogue and the requests.
        files: The files of reports.
        limits: The limits of the reports that are known to be current.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, warehouse: URL, files: ReportFiles, limits: CacheLimits, clock: Callable[[], float]
    ) -> None:
        self._warehouse = warehouse
        self._files = files
        self._current: HotCache[bool] = HotCache(limits, lambda _: 1, clock)

    def look_up(
        self, context: AskContext, request: ReportRequest, format_: ReportFormat
    ) -> LookupResult:
        """The file of a report if it is current, otherwise the request for it.

        Raises:
            DefinitionInvalid: The report cannot be generated.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = ReportKey.of(request.definition, request.period, format_)
        results: list[AskResult] = []

        def is_current() -> bool | None:
            results.append(ask(self._warehouse, context, request, format_))
            return True if results[0].report is not None else None

        if self._current.get(_cache_key(key, request), is_current):
            try:
                return LookupResult(report=self._files.file(key.organization_id, key.id))
            except FileLost:
                self.forget(key.organization_id, key.id)
                results[:] = [ask(self._warehouse, context, request, format_)]
        if not results:  # another thread asked at the same time: it is the same request
            results.append(ask(self._warehouse, context, request, format_))
        [found] = results
        if found.report is not None:
            return LookupResult(report=self._files.file(key.organization_id, key.id))
        return LookupResult(request=found.request, is_new=found.is_new, lost=found.lost)

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        """Ask the catalogue at the next call, for one report or a whole organisation."""
        self._current.drop(
            lambda key: key.organization_id == organization_id and report_id in {None, key.item}
        )

    def forget_all(self) -> None:
        """Ask the catalogue at the next call, for every report."""
        self._current.drop(lambda _: True)


class DefinitionLookup:
    """Report definitions by organisation and slug; all methods are thread-safe.

    Args:
        warehouse: The warehouse with the catalogue.
        limits: The limits of the definitions in memory; each counts as one byte.
        clock: Seconds, monotonic.
    """

    def __init__(self, warehouse: URL, limits: CacheLimits, clock: Callable[[], float]) -> None:
        self._warehouse = warehouse
        self._kept: HotCache[ReportDefinition] = HotCache(limits, lambda _: 1, clock)

    def definition(self, organization_id: UUID, slug: str) -> ReportDefinition:
        """The current version of an organisation's definition.

        Raises:
            UnknownDefinition: There is no such definition; the message lists the existing ones.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = CacheKey(organization_id=organization_id, item=slug)
        found = self._kept.get(key, lambda: self._read(organization_id, slug))
        assert found is not None  # noqa: S101 - it exists, or an error was raised
        return found

    def forget(self, organization_id: UUID) -> None:
        """Look up an organisation's definitions at the next call."""
        self._kept.drop(lambda key: key.organization_id == organization_id)

    def forget_all(self) -> None:
        """Look up every definition at the next call."""
        self._kept.drop(lambda _: True)

    def _read(self, organization_id: UUID, slug: str) -> ReportDefinition:
        with tenant_session(self._warehouse, organization_id) as connection:
            return definition_by_slug(connection, organization_id, slug)


def _cache_key(key: ReportKey, request: ReportRequest) -> CacheKey:
    stamp = "provisional" if request.is_provisional_allowed else "published"
    definition = request.definition
    return CacheKey(
        organization_id=key.organization_id,
        item=key.id,
        version=f"{definition.version} {definition.status} {stamp}",
    )
