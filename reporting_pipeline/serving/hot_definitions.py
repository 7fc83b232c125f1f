"""The report definitions that are asked for, from memory: the current version of each.

A changed definition is another version, so nothing of the former one answers for it. That it has
changed is told over Redis (`restatements`), and seen after the cache's time at the latest.

What belongs here: reading a definition for one organisation. What does not: answering with its
reports (`answers`).
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.catalogue.definitions import definition_by_slug
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.serving.hot_cache import Bounds, HotCache, HotKey
from reporting_pipeline.warehouse.engine import warehouse_connection


class HotDefinitions:
    """Definitions by organisation and slug; every method may be called from any thread.

    Args:
        warehouse: Where the catalogue is.
        bounds: How many, and how long; each counts as one byte.
        clock: Seconds, monotonic.
    """

    def __init__(self, warehouse: URL, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._warehouse = warehouse
        self._kept: HotCache[ReportDefinition] = HotCache(bounds, lambda _: 1, clock)

    def definition(self, organization_id: UUID, slug: str) -> ReportDefinition:
        """The current version of an organisation's definition.

        Raises:
            UnknownDefinition: There is none; the message lists those that there are.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = HotKey(organization_id=organization_id, item=slug)
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
