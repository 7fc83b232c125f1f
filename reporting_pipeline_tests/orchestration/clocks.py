"""A timing resource whose clock a test sets."""

from collections.abc import Callable
from datetime import datetime

from reporting_pipeline.orchestration.resources import Timing
from reporting_pipeline.settings import Settings


def timing_at(settings: Settings, clock: Callable[[], datetime]) -> Timing:
    """The timing of the settings, with another clock."""

    class ClockedTiming(Timing):
        def now(self) -> datetime:
            return clock()

    return ClockedTiming.of(settings)
