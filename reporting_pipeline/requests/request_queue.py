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
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.catalogue.report_keys import KeyedRow, select_statement
from reporting_pipeline.errors import UnknownReport

FINAL_STATUSES = frozenset({"completed", "held", "failed", "dead"})
"""The statuses that never change again."""


class AnswerState(StrEnum):
    """The state of a report for the caller that asks for it.

    Attributes:
        READY: The file is there.
        WAITING: A request for it is queued or running.
        HELD: Its days are not final, or its figures do not tie; it is published when they do.
        FAILED: It cannot be generated as it is.
        EMPTY: It has no rows, and its definition publishes no empty report.
    """

    READY = "ready"
    WAITING = "waiting"
    HELD = "held"
    FAILED = "failed"
    EMPTY = "empty"


_STATES = MappingProxyType(
    {
        "queued": AnswerState.WAITING,
        "running": AnswerState.WAITING,
        "held": AnswerState.HELD,
        "failed": AnswerState.FAILED,
        "dead": AnswerState.FAILED,
    }
)


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

    @property
    def state(self) -> AnswerState:
        """The state of the report, as far as this request knows."""
        if self.status == "completed":
            return AnswerState.EMPTY if self.edition is None else AnswerState.READY
        return _STATES[self.status]

    @property
    def reason(self) -> str | None:
        """Why the report is held or failed; None in any other state."""
        is_refused = self.state in {AnswerState.HELD, AnswerState.FAILED}
        return self.failure_message if is_refused else None


_SELECT = select_statement(StoredRequest, "catalogue.report_requests")

_LAST = """
    where
        keyed.report_id = %(report_id)s
        and (%(version)s::integer is null or keyed.version = %(version)s)
    order by keyed.requested_at desc, keyed.id
    limit 1
"""
# Neither one that a later one has replaced, nor one whose report was published since.
_WITHOUT_FILE = """
    keyed.status in ('queued', 'running')
    or (
        keyed.status <> 'completed'
        and not exists (
            select from catalogue.report_requests as later
            where
                later.report_id = keyed.report_id
                and later.requested_at > keyed.requested_at
        )
        and not exists (
            select from catalogue.generated_reports as report
            where report.id = keyed.report_id and report.status = 'ready'
        )
    )
"""
_LISTED = f"""
    where
        (%(organization_id)s::uuid is null or keyed.organization_id = %(organization_id)s)
        and (%(are_ended_included)s or {_WITHOUT_FILE})
    order by
        array_position(array['running', 'queued'], keyed.status),
        case when keyed.finished_at is null then keyed.requested_at end,
        keyed.finished_at desc,
        keyed.id
    limit %(limit)s
"""
# Read backwards along the index of an organisation's requests.
_PAGE = f"""
    where
        keyed.organization_id = %(organization_id)s
        and (%(are_ended_included)s or {_WITHOUT_FILE})
        and (%(statuses)s::text[] is null or keyed.status = any(%(statuses)s))
        and (%(has_edition)s::boolean is null or (keyed.edition is not null) = %(has_edition)s)
        and (
            %(after_at)s::timestamptz is null
            or (keyed.requested_at, keyed.id) < (%(after_at)s, %(after_id)s)
        )
    order by keyed.requested_at desc, keyed.id desc
    limit %(limit)s
"""

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


def last_request(
    connection: Connection[Any], report_id: UUID, version: int | None = None
) -> StoredRequest | None:
    """The newest request for a report, with this version of its definition if one is given."""
    bound = {"report_id": report_id, "version": version}
    with connection.cursor(row_factory=class_row(StoredRequest)) as cursor:
        return cursor.execute(_SELECT + _LAST, bound).fetchone()


def listed_requests(
    connection: Connection[Any],
    organization_id: UUID | None = None,
    *,
    are_ended_included: bool = False,
    limit: int,
) -> list[StoredRequest]:
    """The requests that have no file yet: running, then waiting, then held or failed, newest first.

    A request that ended is left out if there is a later one, or if the report was published since.

    Args:
        connection: To the warehouse.
        organization_id: Only this organisation's.
        are_ended_included: Every request, also the completed ones.
        limit: The most requests.
    """
    bound = {
        "organization_id": organization_id,
        "are_ended_included": are_ended_included,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(StoredRequest)) as cursor:
        return cursor.execute(_SELECT + _LISTED, bound).fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests a page has.

    Attributes:
        state: Only those in this state; None: in any.
        are_ended_included: Every request; otherwise those that have no file yet, as in
            `listed_requests`.
    """

    state: AnswerState | None = None
    are_ended_included: bool = True

    @property
    def columns(self) -> dict[str, object]:
        """The filter as SQL parameters."""
        statuses, has_edition = None, None
        if self.state in {AnswerState.READY, AnswerState.EMPTY}:
            statuses, has_edition = ["completed"], self.state is AnswerState.READY
        elif self.state is not None:
            statuses = [each for each, state in _STATES.items() if state is self.state]
        return {
            "statuses": statuses,
            "has_edition": has_edition,
            "are_ended_included": self.are_ended_included,
        }


def request_page(
    connection: Connection[Any],
    organization_id: UUID,
    chosen: RequestFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredRequest]:
    """The requests of an organisation that follow a place, the newest first.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        chosen: Which requests.
        after: `requested_at` and id of the last request of the page before.
        limit: The most requests.
    """
    after_at, after_id = after or (None, None)
    bound = {
        "organization_id": organization_id,
        **chosen.columns,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(StoredRequest)) as cursor:
        return cursor.execute(_SELECT + _PAGE, bound).fetchall()


def shown_fields(request: StoredRequest) -> dict[str, Any]:
    """A request as lists of people and programs show it, by the words that both use."""
    return {
        "status": request.status,
        "state": str(request.state),
        "report": request.slug,
        "version": request.version,
        "organization_id": request.organization_id,
        "period": request.period,
        "format": request.format,
        "requested_at": request.requested_at,
        "tries": request.attempts,
        "lost_workers": request.lost_leases,
        "is_provisional_allowed": request.is_provisional_allowed,
        "reason": request.failure_message,
        "request_id": request.id,
        "report_id": request.key.id,
    }


def waiting_requests(connection: Connection[Any], limit: int) -> list[StoredRequest]:
    """The requests that can be taken now, in the order of taking; none is taken."""
    ids = [request_id for (request_id,) in connection.execute(_WAITING, (limit,))]
    return stored_requests(connection, ids)
