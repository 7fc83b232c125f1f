"""The hot caches of a process, bounded as the settings say.

What belongs here: which setting bounds what. What does not: reading the environment.
"""

from collections.abc import Callable

from reporting_pipeline.serving.answers import Answers
from reporting_pipeline.serving.hot_cache import Bounds
from reporting_pipeline.serving.hot_definitions import HotDefinitions
from reporting_pipeline.serving.hot_reports import HotReports
from reporting_pipeline.serving.hot_summaries import HotSummaries
from reporting_pipeline.serving.restatements import HotCaches
from reporting_pipeline.settings import Settings
from reporting_pipeline.store.object_store import ObjectStore


def open_hot_caches(
    settings: Settings, store: ObjectStore, clock: Callable[[], float]
) -> HotCaches:
    """Empty caches over the settings' warehouse.

    Args:
        settings: With the warehouse's address.
        store: Where the files are.
        clock: Seconds, monotonic.
    """
    warehouse = settings.warehouse_url()
    bounds = Bounds(
        ttl_seconds=settings.hot_cache_ttl_seconds,
        max_entries=settings.hot_cache_entries,
        max_bytes=settings.hot_cache_bytes,
    )
    max_file_bytes = settings.hot_cache_file_bytes
    reports = HotReports(warehouse, store, bounds, max_file_bytes=max_file_bytes, clock=clock)
    return HotCaches(
        answers=Answers(warehouse, reports, bounds, clock),
        definitions=HotDefinitions(warehouse, bounds, clock),
        reports=reports,
        summaries=HotSummaries(warehouse, bounds, clock),
    )
