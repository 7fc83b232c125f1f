"""The days that a report covers, and the moments at which the reports of an event are due.

A period rule turns the day on which a report is due into days:

    previous_day     the day before
    previous_week    the seven days before the last `first_weekday`
    month            the month before
    month_to_date    the month of the day before, up to and including that day
    event_to_date    an event, from its beginning up to and including the day before
    range            first_day to last_day, both included

For schedule `post_event`, `after_event` says when a report is due:

    doors_hours    hours after the doors open; covers the event up to and including the day that
                   runs then
    end_days       days after its last report day
    final_days     days after that day is over; the event summary is final from 30 on
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self, TypeAlias, assert_never
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.filters import calendar_day

MAX_RANGE_DAYS = 1_830
"""The most days of a range: five years."""

MAX_HOURS = 48
MAX_DAYS = 366

Rule: TypeAlias = Literal[
    "previous_day", "previous_week", "month", "month_to_date", "event_to_date", "range"
]
Weekday: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]

_ERROR_TYPE = "period"  # of pydantic's error
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _day(value: object) -> object:
    if value is None or isinstance(value, date):
        return value
    try:
        return calendar_day(value)
    except ValueError as error:
        raise PydanticCustomError(_ERROR_TYPE, "{reason}", {"reason": str(error)}) from error


Day = Annotated[date, BeforeValidator(_day)]


class PeriodRule(BaseModel):
    """A period rule with its parameters.

    Attributes:
        first_weekday: Of previous_week; Monday if absent.
        first_day: Of a range.
        last_day: Of a range, included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rule: Rule
    first_weekday: Weekday | None = None
    first_day: Day | None = None
    last_day: Day | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_its_parameters(self) -> Self:
        if self.first_weekday is not None and self.rule != "previous_week":
            _refuse("first_weekday", "is only for previous_week")
        for name, day in (("first_day", self.first_day), ("last_day", self.last_day)):
            if self.rule == "range" and day is None:
                _refuse(name, "is missing; a range needs first_day and last_day, both included")
            if self.rule != "range" and day is not None:
                _refuse(name, "is only for range")
        if self.first_day is not None and self.last_day is not None:
            _require_order(self.first_day, self.last_day)
        return self


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of any event: `count` hours after its doors, or days after its last report day."""

    start: Literal["doors", "end"]
    count: int


class AfterEvent(BaseModel):
    """The moments at which a report of an event is due; an absent field means no such moment.

    Attributes:
        doors_hours: Hours after the doors open, or after the event starts where no doors are known.
        end_days: Days after the last report day; 1 is the next day.
        final_days: Days after the last report day is over, as in `is_final` of the event summary.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    doors_hours: Annotated[int | None, Field(ge=0, le=MAX_HOURS)] = None
    end_days: Annotated[int | None, Field(ge=1, le=MAX_DAYS)] = None
    final_days: Annotated[int | None, Field(ge=1, le=MAX_DAYS)] = None

    @model_validator(mode="after")
    def _has_a_moment(self) -> Self:
        if not self.moments:
            message = "the report is never due; give doors_hours, end_days or final_days"
            raise ValueError(message)
        return self

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All moments, the earliest first."""
        doors = () if self.doors_hours is None else (Moment("doors", self.doors_hours),)
        final = None if self.final_days is None else self.final_days + 1
        days = sorted({each for each in (self.end_days, final) if each is not None})
        return (*doors, *(Moment("end", each) for each in days))


DEFAULT_AFTER_EVENT = AfterEvent(end_days=1, final_days=30)
"""The value of `after_event` in a definition that does not give it."""


def resolve(rule: PeriodRule, as_of: date, event_id: UUID | None = None) -> Period:
    """The period of a report that is due on `as_of`; it ends before that day.

    A range does not depend on `as_of`. With an event, the period covers only its rows.

    Args:
        rule: Of the definition.
        as_of: The day on which the report is due; the days before it are over.
        event_id: The event; needed by event_to_date.

    Raises:
        DefinitionInvalid: event_to_date without an event.
    """
    first, end = _days(rule, as_of)
    if first is None and event_id is None:
        message = "period.rule: event_to_date covers one event; name the event"
        raise DefinitionInvalid(message)
    return Period(first=first, end=end, event_id=event_id)


def unfit_period(rule: PeriodRule, period: Period) -> str | None:
    """Why a report with this rule cannot cover a period, with one that it can; None: it can.

    Several whole days, weeks or months fit as one of them does. The named period has the last day
    of the given one. Of an event, the days of any rule may be those of the event alone.
    """
    right = _period_around(rule, period)
    if right is None:
        return (
            f"the period {period.token} is of no single event; the report covers one event up to a "
            f"day: event-<id>_{period.last}"
        )
    if period.end == right.end and _begins(rule, period, right):
        return None
    return (
        f"the period {period.token} does not fit the definition, which covers {_words(rule)}; "
        f"take {right.token}"
    )


def _period_around(rule: PeriodRule, period: Period) -> Period | None:
    """The period of a rule that has the last day of another one; None if it needs an event."""
    last = period.last
    if rule.rule == "event_to_date":
        event = period.event_id
        return None if event is None else Period(first=None, end=period.end, event_id=event)
    match rule.rule:
        case "previous_week":
            # The report of a week is due at the end of it.
            as_of = last + timedelta(days=7)
        case "month":
            as_of = (last.replace(day=1) + timedelta(days=31)).replace(day=1)
        case _:
            as_of = period.end
    first, end = _days(rule, as_of)
    event = period.event_id if period.first is not None else None
    return Period(first=first, end=end, event_id=event)


def _begins(rule: PeriodRule, period: Period, right: Period) -> bool:
    """True if a period of the rule begins on the first day of this one; `right` ends as it does."""
    if period.first is None or rule.rule in {"month_to_date", "range"}:
        return period.first == right.first
    first_day = Period(first=period.first, end=period.first + _DAY, event_id=period.event_id)
    around = _period_around(rule, first_day)
    return around is not None and around.first == period.first


def _words(rule: PeriodRule) -> str:
    match rule.rule:
        case "previous_day":
            return "whole days"
        case "previous_week":
            return f"whole weeks from {(rule.first_weekday or _WEEKDAYS[0]).capitalize()} on"
        case "month":
            return "whole months"
        case "month_to_date":
            return "a month from its first day on"
        case "event_to_date":
            return "an event from its beginning on"
        case "range":
            return f"the days {rule.first_day} to {rule.last_day}"
        case _:
            assert_never(rule.rule)


def _days(rule: PeriodRule, as_of: date) -> tuple[date | None, date]:
    yesterday = as_of - _DAY
    match rule.rule:
        case "previous_day":
            return yesterday, as_of
        case "previous_week":
            first_weekday = _WEEKDAYS.index(rule.first_weekday or _WEEKDAYS[0])
            end = as_of - timedelta(days=(as_of.weekday() - first_weekday) % 7)
            return end - _WEEK, end
        case "month":
            end = as_of.replace(day=1)
            return (end - _DAY).replace(day=1), end
        case "month_to_date":
            return yesterday.replace(day=1), as_of
        case "event_to_date":
            return None, as_of
        case "range":
            # A range without these days is refused earlier.
            return rule.first_day, (rule.last_day or as_of) + _DAY
        case _:
            assert_never(rule.rule)


def _require_order(first_day: date, last_day: date) -> None:
    day_count = (last_day - first_day).days + 1
    if day_count < 1:
        _refuse("last_day", f"{last_day} is before first_day {first_day}")
    if day_count > MAX_RANGE_DAYS:
        _refuse("last_day", f"the range has {day_count} days; at most {MAX_RANGE_DAYS}")


def _refuse(name: str, reason: str) -> None:
    raise PydanticCustomError(_ERROR_TYPE, "{reason}", {"reason": reason, "field": name})
