"""Which period a report is about, as a rule that a day turns into days.

    previous_day     the day before
    previous_week    the seven days before the last `first_weekday`
    month            the month before
    month_to_date    the month of the day before, up to and with that day
    event_to_date    an event, from its beginning up to and with the day before
    range            first_day to last_day, both included

What belongs here: the rules. What does not: when a report is due (`delivery`).
"""

from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self, TypeAlias, assert_never
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.operands import calendar_day

MAX_RANGE_DAYS = 1_830
"""How many days a range may have: five years."""

Rule: TypeAlias = Literal[
    "previous_day", "previous_week", "month", "month_to_date", "event_to_date", "range"
]
Weekday: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]

_KIND = "period"  # of pydantic's error
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _day(value: object) -> object:
    if value is None or isinstance(value, date):
        return value
    try:
        return calendar_day(value)
    except ValueError as error:
        raise PydanticCustomError(_KIND, "{reason}", {"reason": str(error)}) from error


Day = Annotated[date, BeforeValidator(_day)]


class PeriodRule(BaseModel):
    """A rule, with what it needs to know.

    Attributes:
        first_weekday: Of previous_week; Monday where nothing is said.
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
    def _from_word(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.first_weekday is not None and self.rule != "previous_week":
            _refuse("first_weekday", "only previous_week has one")
        for name, day in (("first_day", self.first_day), ("last_day", self.last_day)):
            if self.rule == "range" and day is None:
                _refuse(name, "is missing; a range has first_day and last_day, both included")
            if self.rule != "range" and day is not None:
                _refuse(name, "only a range has one")
        if self.first_day is not None and self.last_day is not None:
            _require_order(self.first_day, self.last_day)
        return self


def resolve(rule: PeriodRule, as_of: date, event_id: UUID | None = None) -> Period:
    """The period that a report made on `as_of` is about; it ends before that day.

    A range is what it says, whatever the day. With an event, the period is only of its rows.

    Args:
        rule: Of the definition.
        as_of: The day on which the report is due: days before it are over.
        event_id: The event; needed by event_to_date.

    Raises:
        DefinitionInvalid: event_to_date without an event.
    """
    first, end = _days(rule, as_of)
    if first is None and event_id is None:
        message = "period.rule: event_to_date is of one event; say which"
        raise DefinitionInvalid(message)
    return Period(first=first, end=end, event_id=event_id)


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
            # The rule was refused without them.
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
    raise PydanticCustomError(_KIND, "{reason}", {"reason": reason, "field": name})
