"""The days that wait to be built or sealed, and the generated reports that are out of date.

A day, by organisation and report table, is

    touched    rows have landed since it was built
    rebuilt    it was built since, and the reports that depend on it were not generated again yet
    waiting    touched, or rebuilt and not sealed

A report is generated again, from the current version of its definition, if

    a day of its period was rebuilt    by organisation, event, and the tables of its dataset; with a
                                       balance, any day up to the last one of its period
    its seals have settled             it is held or stamped PROVISIONAL, and its days no longer are
    an acceptance was taken back       its manifest shows an accepted break that is open again

A report whose bytes stay the same gets no new edition. Rebuilt days are forgotten when the reports
that depend on them have been generated, so if a process dies on the way, the next one finds them.
A nightly run that generates all of these reports anyway also forgets the days. A day that is not
sealed yet waits for its seal.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import definitions_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.batch import DueResult, report_lines
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.publishing.gate import judge
from reporting_pipeline.publishing.snapshot import ReportRequest, report_state
from reporting_pipeline.registry.datasets import DATASETS
from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    Status,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

ReportName: TypeAlias = tuple[UUID, str, str]
"""Organisation, slug of the definition, and period."""

_LOG = logging.getLogger(__name__)

_WAITING_DAYS = """
    select organization_id, report_table, report_day, min(since)
    from (
        select organization_id, report_table, report_day, touched_at as since
        from landing.touched_days
        where report_day >= %(first_day)s
        union all
        select
            rebuilt.organization_id, rebuilt.report_table, rebuilt.report_day,
            rebuilt.rebuilt_at as since
        from reporting.rebuilt_days as rebuilt
        left join reporting.sealed_days as sealed on rebuilt.report_day = sealed.date
        where rebuilt.report_day >= %(first_day)s and sealed.date is null
    ) as waiting
    group by organization_id, report_table, report_day
"""

_DAYS_TO_REBUILD = """
    select report_day, max(touched) || '/' || max(rebuilt)
    from (
        select report_day, id as touched, 0 as rebuilt from landing.touched_days
        union all
        select waiting.report_day, 0 as touched, waiting.id as rebuilt
        from reporting.rebuilt_days as waiting
        left join reporting.sealed_days as sealed on waiting.report_day = sealed.date
        where sealed.date is null
    ) as waiting
    group by report_day
    order by report_day
"""
_DAYS_OF_SCANS_ALONE = """
    select report_day
    from (
        select report_day
        from (
            select report_day, report_table from landing.touched_days
            union all
            select waiting.report_day, waiting.report_table
            from reporting.rebuilt_days as waiting
            left join reporting.sealed_days as sealed on waiting.report_day = sealed.date
            where sealed.date is null
        ) as waiting
        group by report_day
        having
            bool_or(report_table = 'report_attendance_daily')
            and not bool_or(report_table in ('report_sales_daily', 'report_revenue_daily'))
    ) as of_scans
    where
        not exists (select from reporting.report_sales_daily where date = report_day)
        and not exists (select from reporting.report_revenue_daily where date = report_day)
    order by report_day
"""
_FIRST_SALE = "select min(date) from reporting.report_sales_daily"
_REBUILT_AND_SEALED = """
    select rebuilt.id
    from reporting.rebuilt_days as rebuilt
    inner join reporting.sealed_days as sealed on rebuilt.report_day = sealed.date
    order by rebuilt.id
"""
_AFFECTED_REPORTS = """
    select distinct
        report.definition_id, report.period_first, report.period_end, report.event_id
    from reporting.rebuilt_days as rebuilt
    inner join unnest(%(definitions)s::uuid[], %(tables)s::text[], %(with_history)s::boolean[])
        as dependency (definition_id, report_table, has_history)
        on rebuilt.report_table = dependency.report_table
    inner join catalogue.generated_reports as report on
        report.definition_id = dependency.definition_id
        and rebuilt.report_day < report.period_end
        and (
            dependency.has_history
            or report.period_first is null or report.period_first <= rebuilt.report_day
        )
        and (rebuilt.organization_id is null or report.organization_id = rebuilt.organization_id)
        and (
            rebuilt.event_id is null or report.event_id is null
            or report.event_id = rebuilt.event_id
        )
    where rebuilt.id = any(%(rebuilt_ids)s)
    order by report.period_end, report.definition_id, report.event_id
"""
# By id: a row with a smaller id may be committed later, and its reports are not generated yet.
_FORGET_REBUILT = "delete from reporting.rebuilt_days where id = any(%s)"
_HELD_OR_PROVISIONAL = """
    select distinct
        definition_id, period_first, period_end, event_id, status = 'held' as is_held
    from catalogue.generated_reports
    where
        definition_id = any(%(definitions)s) and period_end > %(first_day)s
        and (status = 'held' or (status = 'ready' and is_provisional))
    order by period_end, definition_id, event_id
"""

_TAKEN_BACK = """
    select distinct report.definition_id, report.period_first, report.period_end, report.event_id
    from catalogue.generated_reports as report
    cross join lateral json_array_elements(report.manifest -> 'accepted_breaks') as shown
    inner join reporting.accepted_breaks as accepted on
        accepted.organization_id = report.organization_id
        and accepted.kind = shown ->> 'kind'
        and shown ->> 'concerns' like
            '%%' || coalesce(accepted.entry_id, accepted.transaction_id, accepted.order_id)
    where
        report.status = 'ready'
        and accepted.taken_back_at >= report.generated_at
        and report.definition_id = any(%(definitions)s)
    order by report.period_end, report.definition_id, report.event_id
"""


@dataclass(frozen=True, slots=True)
class WaitingDays:
    """Days by organisation and report table, each with an instant.

    An organisation of None means all organisations.
    """

    days: Mapping[tuple[UUID | None, str], Mapping[date, datetime]]

    def first_in(
        self, organization_id: UUID, tables: Collection[str], period: Period
    ) -> datetime | None:
        """The first instant of an organisation's days of these tables in a period; None if none."""
        instants = [
            instant
            for table in tables
            for owner in (organization_id, None)
            for day, instant in self.days.get((owner, table), {}).items()
            if day < period.end and (period.first is None or period.first <= day)
        ]
        return min(instants, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleReports:
    """The reports to generate again.

    Attributes:
        due: Each report once, oldest first; its due day is the end of its period.
        rebuilt_ids: The ids of the rebuilt days that were considered.
    """

    due: tuple[DueReport, ...]
    rebuilt_ids: tuple[int, ...]


def waiting_days(connection: Connection[Any], *, first_day: date) -> WaitingDays:
    """The waiting days from `first_day` on, each with the start of its wait."""
    days: dict[tuple[UUID | None, str], dict[date, datetime]] = {}
    for organization_id, table, day, since in connection.execute(
        _WAITING_DAYS, {"first_day": first_day}
    ):
        days.setdefault((organization_id, table), {})[day] = since
    return WaitingDays(days)


def days_to_rebuild(connection: Connection[Any]) -> dict[date, str]:
    """The days that wait to be built or sealed, oldest first, each with a mark of its newest cause.

    A day is included if its build died before the seal.
    """
    return dict(connection.execute(_DAYS_TO_REBUILD).fetchall())


def days_of_scans_alone(connection: Connection[Any]) -> list[date]:
    """The waiting days on which there are scans, but neither sales nor revenue; oldest first.

    A device whose clock is wrong dates scans to such days, of any year.
    """
    return [day for (day,) in connection.execute(_DAYS_OF_SCANS_ALONE)]


def days_too_old_to_rebuild(connection: Connection[Any], *, first_day: date) -> list[date]:
    """The waiting days before `first_day`, which are not rebuilt automatically; oldest first.

    Days of scans alone before the first sale are left out: they are built with any other day.
    """
    [(first_sale,)] = connection.execute(_FIRST_SALE).fetchall()
    of_devices = {
        day for day in days_of_scans_alone(connection) if first_sale is None or day < first_sale
    }
    return [day for day in days_to_rebuild(connection) if day < first_day and day not in of_devices]


def stale_reports(
    connection: Connection[Any], *, first_day: date, delay_seconds: int
) -> StaleReports:
    """The reports that depend on rebuilt days, and those whose seals have settled.

    Args:
        connection: To the warehouse; nothing is written.
        first_day: Settled reports are found only if their periods end after this day.
        delay_seconds: How long after a day's end late rows are awaited.
    """
    definitions = _definitions(connection)
    rebuilt_ids = tuple(rebuilt_id for (rebuilt_id,) in connection.execute(_REBUILT_AND_SEALED))
    requests = [
        *_affected_requests(connection, definitions, rebuilt_ids),
        *_settled_requests(connection, definitions.values(), first_day, delay_seconds),
        *_taken_back_requests(connection, definitions),
    ]
    once = {(each.definition.id, each.period): each for each in requests}
    due = [DueReport(as_of=each.period.end, request=each) for each in once.values()]
    return StaleReports(
        due=tuple(sorted(due, key=lambda each: each.as_of)), rebuilt_ids=rebuilt_ids
    )


def forget_rebuilt_days(connection: Connection[Any], rebuilt_ids: Sequence[int]) -> None:
    """Forget rebuilt days whose reports have been generated again."""
    connection.execute(_FORGET_REBUILT, (list(rebuilt_ids),))


def forget_rebuilt_days_after(warehouse: URL, results: Iterable[DueResult]) -> Iterator[DueResult]:
    """Pass on the results of a batch; then forget the rebuilt days, if no other report needs them.

    The days are read before the batch begins, so each of its reports is read after their rebuild.

    Args:
        warehouse: The warehouse with the rebuilt days.
        results: The results of a batch that begins when the first result is requested.
    """
    rebuilt_ids = rebuilt_and_sealed(warehouse)
    generated: set[ReportName] = set()
    for result in results:
        if all(line.status != "failed" for line in report_lines(result)):
            generated.add(name_of(result.due.request))
        yield result
    forget_rebuilt_days_if_generated(warehouse, rebuilt_ids, generated)


def rebuilt_and_sealed(warehouse: URL) -> tuple[int, ...]:
    """The ids of the rebuilt days that are sealed, for `forget_rebuilt_days_if_generated`."""
    with warehouse_connection(warehouse) as connection:
        return tuple(rebuilt_id for (rebuilt_id,) in connection.execute(_REBUILT_AND_SEALED))


def name_of(request: ReportRequest) -> ReportName:
    """Organisation, slug and period: what a report has in common with its lines in a list."""
    return request.definition.organization_id, request.definition.slug, request.period.token


def forget_rebuilt_days_if_generated(
    warehouse: URL, rebuilt_ids: Sequence[int], generated: Collection[ReportName]
) -> None:
    """Forget rebuilt days if all reports that depend on them were generated since.

    Args:
        warehouse: The warehouse with the rebuilt days.
        rebuilt_ids: What `rebuilt_and_sealed` gave before the first report began.
        generated: The reports that did not fail.
    """
    if not rebuilt_ids:
        return
    with warehouse_connection(warehouse) as connection:
        affected = _affected_requests(connection, _definitions(connection), rebuilt_ids)
        if {name_of(each) for each in affected} <= set(generated):
            forget_rebuilt_days(connection, rebuilt_ids)


def _definitions(connection: Connection[Any]) -> dict[UUID, ReportDefinition]:
    current = definitions_of(connection, on_unreadable=_LOG.error)
    return {each.id: each for each in current if each.status is not Status.ARCHIVED}


def _affected_requests(
    connection: Connection[Any],
    definitions: dict[UUID, ReportDefinition],
    rebuilt_ids: Sequence[int],
) -> list[ReportRequest]:
    if not rebuilt_ids:
        return []
    depends_on = {each.name: each.depends_on for each in DATASETS}
    dependencies = [
        (definition, table)
        for definition in definitions.values()
        for table in sorted(
            {each for name in definition.config.datasets for each in depends_on.get(name, ())}
        )
    ]
    bound = {
        "definitions": [definition.id for definition, _ in dependencies],
        "tables": [table for _, table in dependencies],
        "with_history": [depends_on_history(each.config) for each, _ in dependencies],
        "rebuilt_ids": list(rebuilt_ids),
    }
    return [
        _request(definitions, row)
        for row in connection.execute(_AFFECTED_REPORTS, bound).fetchall()
    ]


def _settled_requests(
    connection: Connection[Any],
    definitions: Collection[ReportDefinition],
    first_day: date,
    delay_seconds: int,
) -> Iterable[ReportRequest]:
    by_id = {each.id: each for each in definitions}
    bound = {"definitions": list(by_id), "first_day": first_day}
    for *row, is_held in connection.execute(_HELD_OR_PROVISIONAL, bound).fetchall():
        request = _request(by_id, row)
        sealed = report_state(connection, request, delay_seconds=delay_seconds).sealed
        verdict = judge(request.subject, sealed, is_provisional_allowed=False)
        if not verdict.held_by and (is_held or not verdict.is_provisional):
            yield request


def _taken_back_requests(
    connection: Connection[Any], definitions: dict[UUID, ReportDefinition]
) -> Iterable[ReportRequest]:
    for row in connection.execute(_TAKEN_BACK, {"definitions": list(definitions)}).fetchall():
        yield _request(definitions, row)


def _request(definitions: dict[UUID, ReportDefinition], row: Sequence[Any]) -> ReportRequest:
    definition_id, first, end, event_id = row
    period = Period(first=first, end=end, event_id=event_id)
    return ReportRequest(definition=definitions[definition_id], period=period)
