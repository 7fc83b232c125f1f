"""The reports that are due on a day, by the schedules of their definitions.

    daily        every day, for the period that the definition's period rule gives
    weekly       on the day after the rule's week ends; Mondays where the rule has no week
    monthly      on the first of a month
    post_event   hours after an event's doors, days after its last report day, and when it is final
    manual       only if it is named; then on the days on which the period of its rule ends

Reports are generated in `batch`.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import definitions_of, require_slugs
from reporting_pipeline.catalogue.directory import organization_called
from reporting_pipeline.due.report_calendar import EventDueTime, event_due_times
from reporting_pipeline.errors import UnknownDefinition
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    Schedule,
    Status,
)
from reporting_pipeline.report_definitions.period_rules import DEFAULT_AFTER_EVENT, Moment, resolve

_LOG = logging.getLogger(__name__)
_DAY = timedelta(days=1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A selection of definitions; an empty field selects all.

    Attributes:
        slugs: A named definition is selected in any status but archived, even a manual one.
    """

    schedules: tuple[Schedule, ...] = ()
    slugs: tuple[str, ...] = ()
    organization_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChoice:
    """The reports that a person chooses of those that a run would generate; None chooses all.

    Attributes:
        slug: The slug of a definition; it may be a draft or paused.
        organization: The id or the name of an organisation.
        format: One format of the chosen definitions.
        is_provisional_allowed: Financial reports over held days are published with the stamp
            PROVISIONAL.
        are_all_rendered: Reports that have not changed are rendered again too.
    """

    slug: str | None = None
    organization: str | None = None
    format: str | None = None
    is_provisional_allowed: bool = False
    are_all_rendered: bool = False


ALL_REPORTS = ReportChoice()


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """A report that is due.

    Attributes:
        as_of: The day on which it is due: the first day after its period.
        due_at: The instant, if it is due after an event's doors; None if it is due when its days
            are over.
    """

    as_of: date
    request: ReportRequest
    due_at: datetime | None = None

    def allowing_provisional(self, *, is_allowed: bool) -> "DueReport":
        """The same report, which may or may not be published over held days."""
        return replace(self, request=replace(self.request, is_provisional_allowed=is_allowed))


def due_reports(
    connection: Connection[Any], as_of_days: Iterable[date], selection: Selection
) -> list[DueReport]:
    """The reports that are due on any of the days, each once: oldest first, those of events last.

    Args:
        connection: To the warehouse.
        as_of_days: Days on which they are due; a report is about days before its due day.
        selection: The definitions.

    Raises:
        UnknownDefinition: No selected organisation has a definition with a named slug.
    """
    days = sorted(set(as_of_days))
    definitions = _selected(definitions_of(connection, on_unreadable=_LOG.error), selection)
    due_times = event_due_times(connection, moments_of(definitions), as_of_days=days)
    return due_from(definitions, days, due_times)


def selection_of(
    connection: Connection[Any], schedule: Schedule, choice: ReportChoice
) -> Selection:
    """The definitions of a schedule that a person chooses.

    Raises:
        UnknownName: There is no such organisation.
        UnknownDefinition: There is no such definition or format; the message lists the existing
            ones.
    """
    owner = choice.organization and organization_called(connection, choice.organization)
    selection = Selection(
        schedules=(schedule,),
        slugs=(choice.slug,) if choice.slug else (),
        organization_ids=(owner,) if owner else (),
    )
    if choice.slug or owner or choice.format:
        found = definitions_of(connection, on_unreadable=_LOG.error)
        _require_choice(found, selection, choice)
    return selection


def due_from(
    definitions: Sequence[ReportDefinition],
    as_of_days: Iterable[date],
    due_times: Iterable[EventDueTime],
) -> list[DueReport]:
    """The reports of these definitions that are due on any of the days, ordered as in due_reports.

    Args:
        definitions: All are used, whatever their status.
        as_of_days: As in due_reports.
        due_times: The due times of events.
    """
    days = sorted(set(as_of_days))
    due = [
        _due(definition, as_of)
        for as_of in days
        for definition in definitions
        if not _is_of_event(definition) and _is_due(definition, as_of, is_last=as_of == days[-1])
    ]
    due += _after_events(definitions, [each for each in due_times if each.as_of in set(days)])
    return _distinct(due)


def due_after_events(
    connection: Connection[Any], event_ids: Collection[UUID], selection: Selection
) -> list[DueReport]:
    """The reports that are due after events, for the due times that have landed."""
    definitions = _selected(definitions_of(connection, on_unreadable=_LOG.error), selection)
    due_times = event_due_times(connection, moments_of(definitions), event_ids=event_ids)
    return _distinct(_after_events(definitions, [each for each in due_times if each.is_landed]))


def events_due(connection: Connection[Any]) -> list[UUID]:
    """The events after which a report may be due, as far as sources have landed; oldest first.

    Events that have ended are included even if there are no definitions yet.
    """
    active = definitions_of(connection, status=Status.ACTIVE, on_unreadable=_LOG.error)
    moments = {*DEFAULT_AFTER_EVENT.moments, *moments_of(active)}
    due_times = event_due_times(connection, moments)
    return list(dict.fromkeys(due.event_id for due in due_times if due.is_landed))


def moments_of(definitions: Iterable[ReportDefinition]) -> list[Moment]:
    """The moments of events at which one of these definitions is due."""
    of_events = [each for each in definitions if _is_of_event(each)]
    return sorted(
        {moment for each in of_events for moment in each.config.after_event.moments},
        key=lambda moment: (moment.start, moment.count),
    )


def _selected(
    definitions: Sequence[ReportDefinition], selection: Selection
) -> list[ReportDefinition]:
    of_organizations = [
        each
        for each in definitions
        if not selection.organization_ids or each.organization_id in selection.organization_ids
    ]
    require_slugs(selection.slugs, (each.slug for each in of_organizations))
    return [each for each in of_organizations if _is_selected(each, selection)]


def _is_selected(definition: ReportDefinition, selection: Selection) -> bool:
    if selection.schedules and definition.schedule not in selection.schedules:
        return False
    if selection.slugs:
        return definition.slug in selection.slugs and definition.status is not Status.ARCHIVED
    return definition.status is Status.ACTIVE and definition.schedule is not Schedule.MANUAL


def _require_choice(
    definitions: Sequence[ReportDefinition], selection: Selection, choice: ReportChoice
) -> None:
    """Refuse a choice that no definition meets."""
    of_any_schedule = _selected(definitions, replace(selection, schedules=()))
    chosen = [each for each in of_any_schedule if each.schedule in selection.schedules]
    if not chosen:
        [schedule] = selection.schedules
        others = ", ".join(sorted({f"{each.slug} ({each.schedule})" for each in of_any_schedule}))
        message = (
            f"no {schedule} report has definition {choice.slug or 'any'} and organisation "
            f"{choice.organization or 'any'}; of other schedules there are {others or 'none'}"
        )
        raise UnknownDefinition(message)
    formats = dict.fromkeys(each.value for definition in chosen for each in definition.formats)
    if choice.format and choice.format not in formats:
        message = f"the chosen reports have no format {choice.format!r}; they have "
        raise UnknownDefinition(message + ", ".join(formats))


def _after_events(
    definitions: Sequence[ReportDefinition], due_times: Iterable[EventDueTime]
) -> list[DueReport]:
    """One report per definition and due time, in the order of the due times."""
    by_organization: dict[UUID, list[ReportDefinition]] = {}
    for definition in filter(_is_of_event, definitions):
        by_organization.setdefault(definition.organization_id, []).append(definition)
    return [
        replace(
            _due(definition, due.as_of, due.event_id),
            due_at=due.due_at if due.moment.start == "doors" else None,
        )
        for due in due_times
        for definition in by_organization.get(due.organization_id, ())
        if due.moment in definition.config.after_event.moments
    ]


def _distinct(due: Iterable[DueReport]) -> list[DueReport]:
    distinct: dict[object, DueReport] = {}
    for each in due:
        distinct.setdefault((each.request.definition.id, each.request.period), each)
    return list(distinct.values())


def _due(definition: ReportDefinition, as_of: date, event_id: UUID | None = None) -> DueReport:
    period = resolve(definition.config.period, as_of, event_id)
    return DueReport(as_of=as_of, request=ReportRequest(definition=definition, period=period))


def _is_of_event(definition: ReportDefinition) -> bool:
    return definition.config.period.rule == "event_to_date"


def _is_due(definition: ReportDefinition, as_of: date, *, is_last: bool) -> bool:
    match definition.schedule:
        case Schedule.DAILY:
            return True
        case Schedule.WEEKLY:
            return _ends_week(definition, as_of)
        case Schedule.MONTHLY:
            return as_of.day == 1
        case _:
            return _ends_period(definition, as_of, is_last=is_last)


def _ends_period(definition: ReportDefinition, as_of: date, *, is_last: bool) -> bool:
    match definition.config.period.rule:
        case "previous_day":
            return True
        case "previous_week":
            return _ends_week(definition, as_of)
        case "month":
            return as_of.day == 1
        case _:
            return is_last


def _ends_week(definition: ReportDefinition, as_of: date) -> bool:
    first_weekday = definition.config.period.first_weekday or _WEEKDAYS[0]
    return as_of.weekday() == _WEEKDAYS.index(first_weekday)
