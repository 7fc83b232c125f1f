"""A caller makes so many calls in a minute, and is told when the next one may be."""

import pytest

from reporting_pipeline.errors import TooManyCalls
from reporting_pipeline.serving.api.rate_limits import CallLimits, require_quota
from reporting_pipeline_tests.serving.clock import ManualClock


def test_the_call_after_the_last_one_waits_for_the_end_of_the_minute() -> None:
    clock = ManualClock()
    limits = CallLimits(3, clock)
    left = [limits.count("anna").remaining for _ in range(3)]
    clock.seconds = 20.5

    with pytest.raises(TooManyCalls, match="wait 40 seconds"):
        require_quota(limits.count("anna"))
    require_quota(limits.count("ben"))
    clock.seconds = 60.5
    require_quota(limits.count("anna"))

    assert left == [2, 1, 0]
