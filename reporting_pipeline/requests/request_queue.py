"""The queue: the rows of `catalogue.report_requests`, and the order in which they are taken.

    queued -> running -> completed   the report is current
                      -> held        the seals of its days hold it; the row has the reasons
                      -> failed      it failed, and a retry would not help
                      -> dead        it failed in all attempts, though a retry might have helped
                      -> queued      again, later

`ask` adds rows to the queue, `leases` takes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.catalogue.report_keys import KeyedRow, select_statement
from reporting_pipeline.errors import UnknownReport

FINAL_STATUSES = frozenset({"completed", "held", "failed", "dead"})
"""The statuses that never change again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest(KeyedRow):
    """One request for a report in one format, made by one or many callers.

    Attributes:
        version: The definition's version when the report was requested.
        attempts: How often a worker has taken the request.
        lost_leases: How many of these workers died.
        fence: The number of the last lease; results of earlier leases do not count.
        edition: The report's edition when the request was completed.
    """

    is_provisional_allowed: bool
    status: str
    attempts: int
    lost_leases: int
    fence: int | None
    requested_at: datetime
    available_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    edition: int | None
    failure_class: str | None
    failure_message: str | None

    @property
    def is_final(self) -> bool:
        """True if the request has ended."""
        return self.status in FINAL_STATUSES


_SELECT = select_statement(StoredRequest, "catalogue.report_requests")

# The order of taking: the first request of each organisation, then the second of each, and so on.
_WAITING = """
    select id
    from (
        select
            id,
            organization_id,
            requested_at,
            row_number() over (
                partition by organization_id order by requested_at, id
            ) as place
        from catalogue.report_requests
        where status = 'queued' and available_at <= clock_timestamp()
    ) as waiting
    order by
        place,
        (
            select max(served.fence) from catalogue.report_requests as served
            where served.organization_id = waiting.organization_id and served.fence is not null
        ) nulls first,
        requested_at,
        id
    limit %s
"""


def stored_request(connection: Connection[Any], request_id: UUID) -> StoredRequest:
    """A request by its id.

    Raises:
        UnknownReport: There is no such request.
    """
    found = stored_requests(connection, [request_id])
    if not found:
        message = f"there is no request {request_id}"
        raise UnknownReport(message)
    return found[0]


def stored_requests(
    connection: Connection[Any], request_ids: Sequence[UUID]
) -> list[StoredRequest]:
    """The requests with these ids, in the order given; unknown ids are left out."""
    with connection.cursor(row_factory=class_row(StoredRequest)) as cursor:
        found = cursor.execute(f"{_SELECT} where keyed.id = any(%s)", (list(request_ids),))
        by_id = {each.id: each for each in found}
    return [by_id[each] for each in request_ids if each in by_id]


def waiting_requests(connection: Connection[Any], limit: int) -> list[StoredRequest]:
    """The requests that can be taken now, in the order of taking; none is taken."""
    ids = [request_id for (request_id,) in connection.execute(_WAITING, (limit,))]
    return stored_requests(connection, ids)
