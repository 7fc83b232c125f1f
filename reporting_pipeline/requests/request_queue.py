"""A request as the warehouse has it, and reading requests.

    queued -> running -> completed   the report stands
                      -> held        the seals of its days hold it; the reasons are named
                      -> failed      by what no repetition mends
                      -> dead        by what might have passed, and has not after all attempts
                      -> queued      again, later

What belongs here: the rows as values. What does not: asking (`ask`) and leases (`leases`).
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
"""The statuses after which nothing happens to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest(KeyedRow):
    """One request: a report in one format, asked for once or many times.

    Attributes:
        version: Of the definition, as it was when the report was asked for.
        attempts: How often a worker has taken it.
        lost_leases: How many of these workers died at it.
        fence: The number of the last lease; a result under a former one does not count.
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
        """Nothing happens to it any more."""
        return self.status in FINAL_STATUSES


_SELECT = select_statement(StoredRequest, "catalogue.report_requests")

# Each organisation's first, then each one's second, and so on: as they will be taken.
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
        UnknownReport: There is none.
    """
    found = stored_requests(connection, [request_id])
    if not found:
        message = f"there is no request {request_id}"
        raise UnknownReport(message)
    return found[0]


def stored_requests(
    connection: Connection[Any], request_ids: Sequence[UUID]
) -> list[StoredRequest]:
    """Those of the requests that there are, in the order given."""
    with connection.cursor(row_factory=class_row(StoredRequest)) as cursor:
        found = cursor.execute(f"{_SELECT} where keyed.id = any(%s)", (list(request_ids),))
        by_id = {each.id: each for each in found}
    return [by_id[each] for each in request_ids if each in by_id]


def waiting_requests(connection: Connection[Any], limit: int) -> list[StoredRequest]:
    """The requests that may be taken now, in the order in which they are; none is taken by that."""
    ids = [request_id for (request_id,) in connection.execute(_WAITING, (limit,))]
    return stored_requests(connection, ids)
