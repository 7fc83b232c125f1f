"""Generated reports that are behind what the warehouse knows, and generating them again.

    rests on rebuilt days     late rows have changed a day of its period: by organisation, event,
                              and the report tables that its dataset rests on
    settled                   it is held, or stamped PROVISIONAL, and its days are no longer so

They are generated again from the current version of their definition; one whose bytes stay the
same makes no new edition. Rebuilt days are forgotten when the reports that rest on them have been
generated, so a process that dies on the way leaves them to the next one; whoever generates all of
them for another reason, as the night does, spares that. A day that is not sealed yet waits for its
seal.

What belongs here: which reports. What does not: which days are rebuilt (`orchestration`), and
reports that do not exist yet (`expected_reports`).
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.definitions import definitions_of
from reporting_pipeline.checks.seals import SealState
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.due_reports import DueReport, DueResult
from reporting_pipeline.publishing.report_rows import ReportRequest, standing_of
from reporting_pipeline.registry.datasets import DATASETS
from reporting_pipeline.report_definitions.definition import (
    Category,
    ReportDefinition,
    Status,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOG = logging.getLogger(__name__)

_REBUILT = """
    select rebuilt.id
    from reporting.rebuilt_days as rebuilt
    inner join reporting.sealed_days as sealed on rebuilt.report_day = sealed.date
    order by rebuilt.id
"""
_RESTING = """
    select distinct
        report.definition_id, report.period_first, report.period_end, report.event_id
    from reporting.rebuilt_days as rebuilt
    inner join unnest(%(definitions)s::uuid[], %(tables)s::text[])
        as rests_on (definition_id, report_table) on rebuilt.report_table = rests_on.report_table
    inner join catalogue.generated_reports as report on
        report.definition_id = rests_on.definition_id
        and rebuilt.report_day < report.period_end
        and (report.period_first is null or report.period_first <= rebuilt.report_day)
        and (rebuilt.organization_id is null or report.organization_id = rebuilt.organization_id)
        and (
            rebuilt.event_id is null or report.event_id is null
            or report.event_id = rebuilt.event_id
        )
    where rebuilt.id = any(%(rebuilt_ids)s)
    order by report.period_end, report.definition_id, report.event_id
"""
# By id: one with a smaller id may have been committed meanwhile, and nobody has looked at it.
_FORGET = "delete from reporting.rebuilt_days where id = any(%s)"
_UNSETTLED = """
    select distinct
        definition_id, period_first, period_end, event_id, status = 'held' as is_held
    from catalogue.generated_reports
    where
        definition_id = any(%(definitions)s) and period_end > %(first_day)s
        and (status = 'held' or (status = 'ready' and is_provisional))
    order by period_end, definition_id, event_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleReports:
    """The reports to generate again.

    Attributes:
        due: Each once, oldest first; the day on which it is due is the end of its period.
        rebuilt_ids: Of the rows of rebuilt days that were looked at.
    """

    due: tuple[DueReport, ...]
    rebuilt_ids: tuple[int, ...]


def stale_reports(
    connection: Connection[Any], *, first_day: date, delay_seconds: int
) -> StaleReports:
    """The reports that rest on rebuilt days, and those that have settled.

    Args:
        connection: To the warehouse; nothing is written.
        first_day: Reports whose periods end later are looked at, whether they have settled.
        delay_seconds: How long after a day's end late rows are waited for.
    """
    definitions = _definitions(connection)
    rebuilt_ids = tuple(rebuilt_id for (rebuilt_id,) in connection.execute(_REBUILT))
    requests = [
        *_resting(connection, definitions, rebuilt_ids),
        *_settled(connection, definitions.values(), first_day, delay_seconds),
    ]
    once = {(each.definition.id, each.period): each for each in requests}
    due = [DueReport(as_of=each.period.end, request=each) for each in once.values()]
    return StaleReports(
        due=tuple(sorted(due, key=lambda each: each.as_of)), rebuilt_ids=rebuilt_ids
    )


def forget_rebuilt_days(connection: Connection[Any], rebuilt_ids: Sequence[int]) -> None:
    """The reports that rest on these rebuilt days have been generated again."""
    connection.execute(_FORGET, (list(rebuilt_ids),))


def forgetting_rebuilt_days(warehouse: URL, results: Iterable[DueResult]) -> Iterator[DueResult]:
    """The results of a batch; then the rebuilt days are forgotten on which no other report rests.

    Which days these are is read first: each report of the batch is read after their rebuild.

    Args:
        warehouse: Where the days are noted.
        results: Of a batch that begins when the first one is asked for.
    """
    with warehouse_connection(warehouse) as connection:
        rebuilt_ids = tuple(rebuilt_id for (rebuilt_id,) in connection.execute(_REBUILT))
        resting = _resting(connection, _definitions(connection), rebuilt_ids)
    left = {(each.definition.id, each.period) for each in resting}
    for result in results:
        request = result.due.request
        if _is_made(result):
            left.discard((request.definition.id, request.period))
        yield result
    if rebuilt_ids and not left:
        with warehouse_connection(warehouse) as connection:
            forget_rebuilt_days(connection, rebuilt_ids)


def _is_made(result: DueResult) -> bool:
    return result.error is None and all(
        outcome.report.status in {"ready", "held"} for outcome in result.outcomes
    )


def _definitions(connection: Connection[Any]) -> dict[UUID, ReportDefinition]:
    current = definitions_of(connection, on_unreadable=_LOG.error)
    return {each.id: each for each in current if each.status is not Status.ARCHIVED}


def _resting(
    connection: Connection[Any],
    definitions: dict[UUID, ReportDefinition],
    rebuilt_ids: Sequence[int],
) -> list[ReportRequest]:
    if not rebuilt_ids:
        return []
    rests_on = {each.name: each.rests_on for each in DATASETS}
    pairs = [
        (definition.id, table)
        for definition in definitions.values()
        for table in rests_on.get(definition.config.dataset, ())
    ]
    bound = {
        "definitions": [definition_id for definition_id, _ in pairs],
        "tables": [table for _, table in pairs],
        "rebuilt_ids": list(rebuilt_ids),
    }
    return [_request(definitions, row) for row in connection.execute(_RESTING, bound).fetchall()]


def _settled(
    connection: Connection[Any],
    definitions: Collection[ReportDefinition],
    first_day: date,
    delay_seconds: int,
) -> Iterable[ReportRequest]:
    financial = {each.id: each for each in definitions if each.category is Category.FINANCIAL}
    bound = {"definitions": list(financial), "first_day": first_day}
    for *row, is_held in connection.execute(_UNSETTLED, bound).fetchall():
        request = _request(financial, row)
        sealed = standing_of(connection, request, delay_seconds=delay_seconds).sealed
        state = SealState.FINAL if sealed is None else sealed.state
        if state is SealState.FINAL or (is_held and state is SealState.PROVISIONAL):
            yield request


def _request(definitions: dict[UUID, ReportDefinition], row: Sequence[Any]) -> ReportRequest:
    definition_id, first, end, event_id = row
    period = Period(first=first, end=end, event_id=event_id)
    return ReportRequest(definition=definitions[definition_id], period=period)
