"""Earlier answers: requests that ended without a file, and would end the same way now.

A report that is held stays held until one of its days, its seals or its definition changes. A
caller that asks again meanwhile gets the same answer, and nothing is queued. So does a caller of a
report without rows. A failure is different: its cause may be outside the warehouse, as a full disk
is, so asking again tries again.
"""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.checks.seals import SealedPeriod
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.publishing.generate import verdict_on
from reporting_pipeline.publishing.snapshot import ReportRequest, report_state
from reporting_pipeline.requests.request_queue import AnswerState, StoredRequest, last_request

# The clock of a process that seals days may be behind that of the warehouse.
_CLOCK_TOLERANCE = timedelta(minutes=1)
_IS_SEALED_SINCE = """
    select exists (
        select from reporting.sealed_days
        where date >= %(first)s and date < %(end)s and sealed_at >= %(since)s
    )
"""
_IS_REBUILT = """
    select exists (
        select from reporting.rebuilt_days as rebuilt
        left join reporting.sealed_days as sealed on rebuilt.report_day = sealed.date
        where rebuilt.report_day >= %(first)s and rebuilt.report_day < %(end)s
            and sealed.date is null
            and (
                rebuilt.organization_id is null or rebuilt.organization_id = %(organization_id)s
            )
    )
"""


def earlier_answer(
    connection: Connection[Any], request: ReportRequest, key: ReportKey, *, delay_seconds: int
) -> StoredRequest | None:
    """The last request for a report if it is held or empty, and a new one would be too.

    Args:
        connection: To the warehouse; its transaction stays usable.
        request: The report that is asked for again.
        key: The key of the report in the format that is asked for.
        delay_seconds: How long after a day's end late rows are awaited.
    """
    last = last_request(connection, key.id, request.definition.version)
    if last is None or last.started_at is None:
        return None
    if last.state not in {AnswerState.HELD, AnswerState.EMPTY}:
        return None
    try:
        with connection.transaction():
            return last if _is_repeated(connection, request, last, delay_seconds) else None
    except (ReportingError, psycopg.DataError):
        return None  # the worker says what is wrong


def _is_repeated(
    connection: Connection[Any], request: ReportRequest, last: StoredRequest, delay_seconds: int
) -> bool:
    """True if the gate's verdict and the days of the report are those of the last request."""
    state = report_state(connection, request, delay_seconds=delay_seconds)
    verdict = verdict_on(connection, request, state)
    if verdict.reasons != (last.reason or ""):
        return False
    if state.sealed is None or last.started_at is None:
        return False
    if last.state is AnswerState.HELD:
        return not _is_sealed_since(connection, request, state.sealed, last.started_at)
    since = last.started_at - _CLOCK_TOLERANCE
    return not are_days_changed(connection, request, state.sealed, since)


def are_days_changed(
    connection: Connection[Any], request: ReportRequest, sealed: SealedPeriod, since: datetime
) -> bool:
    """True if a day of the report was sealed at this time or later, or is rebuilt and unsealed."""
    if _is_sealed_since(connection, request, sealed, since):
        return True
    bound = _days(request, sealed) | {"organization_id": request.definition.organization_id}
    [(is_rebuilt,)] = connection.execute(_IS_REBUILT, bound).fetchall()
    return bool(is_rebuilt)


def _is_sealed_since(
    connection: Connection[Any], request: ReportRequest, sealed: SealedPeriod, since: datetime
) -> bool:
    bound = {**_days(request, sealed), "since": since}
    [(is_sealed,)] = connection.execute(_IS_SEALED_SINCE, bound).fetchall()
    return bool(is_sealed)


def _days(request: ReportRequest, sealed: SealedPeriod) -> dict[str, object]:
    return {"first": sealed.seals[0].day, "end": request.period.end}
