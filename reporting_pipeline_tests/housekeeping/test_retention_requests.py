"""Requests that ended long ago are deleted; open ones, and dead ones with an alert, stay."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from reporting_pipeline.housekeeping.retention import (
    count_expired_requests,
    delete_expired_requests,
)
from reporting_pipeline.requests.leases import RequestEnd, end_request
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import IdleWorkers, queued
from reporting_pipeline_tests.sample_reports import NOW, REVENUE, define

FAILURE = ("StoreUnavailable", "down")
ENDS = {
    "completed": RequestEnd(status="completed", edition=1),
    "held": RequestEnd(status="held", failure=("held", "a break")),
    "failed": RequestEnd(status="failed", failure=FAILURE),
    "dead": RequestEnd(status="dead", failure=FAILURE),
}


@pytest.fixture
def workers() -> Iterator[IdleWorkers]:
    """Workers whose sessions end with the test."""
    with ExitStack() as sessions:
        yield IdleWorkers(sessions)


@pytest.mark.parametrize("status", ENDS)
def test_requests_that_ended_before_are_deleted_and_open_ones_stay(
    warehouse_url: URL, workers: IdleWorkers, status: str
) -> None:
    revenue = define(warehouse_url, REVENUE)
    queued(warehouse_url, revenue)
    ended = workers.must_take(warehouse_url)
    with warehouse_connection(warehouse_url) as connection:
        assert end_request(connection, ended, ENDS[status], NOW)
    now = datetime.now(UTC)

    assert count_expired_requests(warehouse_url, now - timedelta(hours=1)) == 0
    # A dead request has an open alert until the report is requested again.
    if status == "dead":
        assert delete_expired_requests(warehouse_url, now + timedelta(hours=1)) == 0
    queued(warehouse_url, revenue)
    assert count_expired_requests(warehouse_url, now + timedelta(hours=1)) == 1
    assert delete_expired_requests(warehouse_url, now + timedelta(hours=1)) == 1
    assert workers.must_take(warehouse_url).id != ended.id
