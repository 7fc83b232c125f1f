"""When the reports of an event are due, as a definition says it.

    doors_hours    hours after the doors, about the event up to and with the day that runs then
    end_days       days after its last report day
    final_days     days after that day is over; its summary is final from 30 on

What belongs here: these numbers. What does not: the instants that they become (`delivery`).
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_HOURS = 48
MAX_DAYS = 366


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of any event: `count` hours after its doors, or days after its last report day."""

    start: Literal["doors", "end"]
    count: int


class AfterEvent(BaseModel):
    """The moments at which a report is due; what is not said is none.

    Attributes:
        doors_hours: After the doors open, or the event starts where they are not known.
        end_days: 1 is the day after the last report day.
        final_days: As in `is_final` of the event summary.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    doors_hours: Annotated[int | None, Field(ge=0, le=MAX_HOURS)] = None
    end_days: Annotated[int | None, Field(ge=1, le=MAX_DAYS)] = None
    final_days: Annotated[int | None, Field(ge=1, le=MAX_DAYS)] = None

    @model_validator(mode="after")
    def _is_due_at_all(self) -> Self:
        if not self.moments:
            message = "the report is never due; say doors_hours, end_days or final_days"
            raise ValueError(message)
        return self

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Each moment, the earliest first."""
        doors = () if self.doors_hours is None else (Moment("doors", self.doors_hours),)
        final = None if self.final_days is None else self.final_days + 1
        days = sorted({each for each in (self.end_days, final) if each is not None})
        return (*doors, *(Moment("end", each) for each in days))


USUAL = AfterEvent(end_days=1, final_days=30)
"""What a definition means that says nothing of it."""
