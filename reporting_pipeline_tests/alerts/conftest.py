"""A receiver of webhooks for the tests of alerts."""

from collections.abc import Iterator

import pytest

from reporting_pipeline_tests.alerts.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server
