"""Sample requests for reports, and workers for tests."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from typing import cast
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import AskContext, AskResult, ask
from reporting_pipeline.requests.leases import LeaseTimes, take_request
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.requests.worker import Worker
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import NOW, one_day

ASKING = AskContext(now=NOW, final_delay_seconds=7200)
TIMES = LeaseTimes(heartbeat_seconds=10, stale_seconds=30)
FIRST_DAY = date(2025, 3, 1)

# An objection that holds the revenue of a day and an organisation.
HOLD = (
    "insert into reporting.seal_objections"
    " (date, position, organization_id, report_table, check_name, message)"
    " values (%s, 1, %s, 'report_revenue_daily', 'a_check', 'order 4711 is 1 EUR short')"
)


def ask_for(
    warehouse: URL,
    definition: ReportDefinition,
    day: date = FIRST_DAY,
    *,
    is_provisional_allowed: bool = False,
) -> AskResult:
    """Request a definition's day as CSV."""
    request = ReportRequest(
        definition=definition, period=one_day(day), is_provisional_allowed=is_provisional_allowed
    )
    return ask(warehouse, ASKING, request, ReportFormat.CSV)


def queued(warehouse: URL, definition: ReportDefinition, day: date = FIRST_DAY) -> StoredRequest:
    """A queued request for a definition's day."""
    request = ask_for(warehouse, definition, day).request
    assert request is not None
    return request


def queued_days(warehouse: URL, definition: ReportDefinition, count: int) -> list[StoredRequest]:
    """Queued requests for this many days."""
    days = [FIRST_DAY + timedelta(days=offset) for offset in range(count)]
    return [queued(warehouse, definition, day) for day in days]


class IdleWorkers:
    """Workers that take requests and do not work on them.

    Args:
        sessions: Closes the sessions of the workers at the end of the test.
    """

    def __init__(self, sessions: ExitStack) -> None:
        self._sessions = sessions
        self._held: dict[int | None, Connection] = {}

    def take(
        self, warehouse: URL, name: str = "worker", *, among: Sequence[UUID] | None = None
    ) -> StoredRequest | None:
        """The next request, leased by a new worker."""
        session = self._sessions.enter_context(warehouse_connection(warehouse))
        session.autocommit = True
        request = take_request(session, TIMES, name, NOW, among=among)
        if request is not None:
            self._held[request.fence] = session
        return request

    def must_take(self, warehouse: URL, *, among: Sequence[UUID] | None = None) -> StoredRequest:
        """The next request, which must exist."""
        request = self.take(warehouse, among=among)
        assert request is not None
        return request

    def die(self, request: StoredRequest) -> None:
        """Kill the worker that took a request."""
        self._held[request.fence].close()


def seen(warehouse: URL, request: StoredRequest) -> StoredRequest:
    """A request as it is now."""
    with warehouse_connection(warehouse) as connection:
        return stored_request(connection, request.id)


def pass_time(warehouse: URL, request: StoredRequest, seconds: int) -> None:
    """Let time pass for one request."""
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "update catalogue.report_requests set"
            " heartbeat_at = heartbeat_at - %(s)s * interval '1 second',"
            " available_at = available_at - %(s)s * interval '1 second' where id = %(id)s",
            {"s": seconds, "id": request.id},
        )


def notices(warehouse: URL, request: StoredRequest) -> list[str]:
    """The types of the notices about a request, in order."""
    with warehouse_connection(warehouse) as connection:
        found = connection.execute(
            "select message ->> 'type' from catalogue.notices"
            " where message ->> 'request_id' = %s and topic like 'reporting:org:%%' order by id",
            (str(request.id),),
        )
        return [kind for (kind,) in found]


def notified_edition(warehouse: URL, request: StoredRequest) -> int | None:
    """The edition in the last notice about a request."""
    with warehouse_connection(warehouse) as connection:
        [(edition,)] = connection.execute(
            "select (message ->> 'edition')::int from catalogue.notices"
            " where message ->> 'request_id' = %s order by id desc limit 1",
            (str(request.id),),
        ).fetchall()
        return cast("int | None", edition)


def worker_at(warehouse: URL, store_url: str, redis_url: str | None = None) -> Worker:
    """A worker whose clock does not move."""
    publisher = Publisher(
        warehouse=warehouse,
        store=open_store(store_url),
        final_delay_seconds=7200,
        clock=lambda: NOW,
    )
    return Worker(publisher=publisher, times=TIMES, redis_url=redis_url, name="worker")
