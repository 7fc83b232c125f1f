"""Requests that came to an end long ago are forgotten; what is open, or still tells why, stays."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from reporting_pipeline.housekeeping.retention import (
    count_expired_requests,
    delete_expired_requests,
)
from reporting_pipeline.requests.leases import RequestEnd, end_request
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import Workers, queued
from reporting_pipeline_tests.sample_reports import NOW, REVENUE, define

FAILURE = ("StoreUnavailable", "away")
ENDS = {
    "completed": RequestEnd(status="completed", edition=1),
    "held": RequestEnd(status="held", failure=("held", "a break")),
    "failed": RequestEnd(status="failed", failure=FAILURE),
    "dead": RequestEnd(status="dead", failure=FAILURE),
}


@pytest.mark.parametrize("status", ENDS)
def test_what_ended_before_is_forgotten_and_what_is_open_stays(
    warehouse_url: URL, workers: Workers, status: str
) -> None:
    revenue = define(warehouse_url, REVENUE)
    queued(warehouse_url, revenue)
    ended = workers.must_take(warehouse_url)
    with warehouse_connection(warehouse_url) as connection:
        assert end_request(connection, ended, ENDS[status], NOW)
    now = datetime.now(UTC)

    assert count_expired_requests(warehouse_url, now - timedelta(hours=1)) == 0
    # An alert stands for a dead one, until the report is asked for again.
    if status == "dead":
        assert delete_expired_requests(warehouse_url, now + timedelta(hours=1)) == 0
    queued(warehouse_url, revenue)
    assert count_expired_requests(warehouse_url, now + timedelta(hours=1)) == 1
    assert delete_expired_requests(warehouse_url, now + timedelta(hours=1)) == 1
    assert workers.must_take(warehouse_url).id != ended.id
