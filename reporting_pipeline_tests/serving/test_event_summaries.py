"""An event's summary comes from memory, as of a day, and is only for its organisation."""

import time
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.serving import event_summaries
from reporting_pipeline.serving.event_summaries import EventSummaries
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.streaming_replica import Pair

FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)


@pytest.fixture
def summaries(shared_season_pipeline: Pipeline) -> EventSummaries:
    limits = CacheLimits(ttl_seconds=600, max_entries=100, max_bytes=10**6)
    return EventSummaries(shared_season_pipeline.warehouse, limits, time.monotonic)


def an_event(warehouse: URL) -> tuple[UUID, UUID, date, int]:
    """An organisation, its event, the event's last day and the tickets sold up to then."""
    with warehouse_connection(warehouse) as connection:
        [found] = connection.execute(
            "select organization_id, event_id, date, sold_to_date_count"
            " from reporting.report_event_summary order by event_id, date desc limit 1"
        ).fetchall()
    return found


def sell(warehouse: URL, event_id: UUID, day: date) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "update reporting.report_event_summary set sold_to_date_count = sold_to_date_count + 1"
            " where event_id = %s and date = %s",
            (event_id, day),
        )


def test_a_summary_is_the_last_row_up_to_the_day(
    shared_season_pipeline: Pipeline, summaries: EventSummaries
) -> None:
    organization_id, event_id, day, sold = an_event(shared_season_pipeline.warehouse)
    assert summaries.kept(organization_id, event_id, LAST) is None
    found = summaries.summary(organization_id, event_id, LAST)
    assert found is not None
    assert summaries.kept(organization_id, event_id, LAST) == found
    assert (found.row["date"], found.row["sold_to_date_count"]) == (day.isoformat(), sold)
    assert summaries.summary(organization_id, event_id, date(2000, 1, 1)) is None


def test_another_organisation_gets_nothing(
    shared_season_pipeline: Pipeline, summaries: EventSummaries
) -> None:
    organization_id, event_id, _, _ = an_event(shared_season_pipeline.warehouse)
    assert summaries.summary(organization_id, event_id, LAST) is not None
    assert summaries.summary(UUID(int=9), event_id, LAST) is None


def test_a_restated_summary_is_returned_after_its_version_was_dropped(
    shared_season_pipeline: Pipeline, summaries: EventSummaries
) -> None:
    organization_id, event_id, day, sold = an_event(shared_season_pipeline.warehouse)
    former = summaries.summary(organization_id, event_id, LAST)
    sell(shared_season_pipeline.warehouse, event_id, day)
    assert summaries.summary(organization_id, event_id, LAST) is former
    summaries.forget(organization_id)
    restated = summaries.summary(organization_id, event_id, LAST)
    assert former is not None
    assert restated is not None
    assert restated.row["sold_to_date_count"] == sold + 1
    assert restated.version != former.version


def test_a_rebuild_without_changes_keeps_the_summary_in_memory(
    shared_season_pipeline: Pipeline, summaries: EventSummaries
) -> None:
    organization_id, event_id, _, _ = an_event(shared_season_pipeline.warehouse)
    former = summaries.summary(organization_id, event_id, LAST)
    summaries.forget_all()
    assert summaries.summary(organization_id, event_id, LAST) is former


def test_a_summary_restated_between_the_two_queries_is_not_kept(
    shared_season_pipeline: Pipeline, summaries: EventSummaries
) -> None:
    organization_id, event_id, day, _ = an_event(shared_season_pipeline.warehouse)
    summaries.summary(organization_id, event_id, LAST)  # the version is known
    sell(shared_season_pipeline.warehouse, event_id, day)
    read = summaries.summary(organization_id, event_id, day)  # another day: it is read now
    sell(shared_season_pipeline.warehouse, event_id, day)
    newest = summaries.summary(organization_id, event_id, day)
    assert read is not None
    assert newest is not None
    assert newest.row["sold_to_date_count"] == read.row["sold_to_date_count"] + 1


@pytest.fixture
def of_replica(pair: Pair) -> EventSummaries:
    limits = CacheLimits(ttl_seconds=600, max_entries=100, max_bytes=10**6)
    replica = Replica(url=pair.replica, wait_seconds=0.0)
    return EventSummaries(pair.warehouse, limits, time.monotonic, replica)


def sold(summaries: EventSummaries, organization_id: UUID, event_id: UUID) -> object:
    found = summaries.summary(organization_id, event_id, LAST)
    return found and found.row["sold_to_date_count"]


def test_a_summary_is_read_from_the_replica(
    pair: Pair, of_replica: EventSummaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization_id, event_id, _, count = an_event(pair.warehouse)
    is_standby = []

    def noted(connection: Connection[Any], *others: Any) -> object:
        is_standby.extend(connection.execute("select pg_is_in_recovery()").fetchall())
        return read(connection, *others)

    read = event_summaries._summary
    monkeypatch.setattr(event_summaries, "_summary", noted)
    assert sold(of_replica, organization_id, event_id) == count
    assert is_standby == [(True,)]


def test_a_replica_that_is_behind_returns_no_old_summary(
    pair: Pair, of_replica: EventSummaries
) -> None:
    organization_id, event_id, day, count = an_event(pair.warehouse)
    assert sold(of_replica, organization_id, event_id) == count
    pair.pause()
    sell(pair.warehouse, event_id, day)
    of_replica.forget(organization_id)
    assert sold(of_replica, organization_id, event_id) == count + 1
