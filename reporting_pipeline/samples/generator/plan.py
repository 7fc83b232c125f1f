"""How large the invented books are, and when they play.

What belongs here: the size, the window of time and the random numbers that follow from the seed.
What does not: what happens in it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

# Late enough on the first day that it is that report day in every market, cutoffs included.
_OPENING_HOUR = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of the books.

    Attributes:
        seed: Two plans that differ in nothing give the same bytes.
        order_count: Orders in all; every other table follows from them.
        day_count: Days from `first_day`, in UTC. East of it the last report day may be one later.
        organization_count: Organisations; the first ones sell the most.
        first_day: The first report day.
    """

    seed: int
    order_count: int
    day_count: int
    organization_count: int
    first_day: date

    def __post_init__(self) -> None:
        if self.order_count < 0 or self.day_count < 1 or self.organization_count < 1:
            message = (
                "books need at least 0 orders, 1 day and 1 organisation, not "
                f"{self.order_count}, {self.day_count} and {self.organization_count}"
            )
            raise ValueError(message)

    @property
    def begins_at(self) -> datetime:
        """Nothing happens before this instant."""
        return datetime.combine(self.first_day, time(_OPENING_HOUR), UTC)

    @property
    def ends_at(self) -> datetime:
        """Nothing happens, or is recorded, at this instant or later."""
        return datetime.combine(self.first_day, time(), UTC) + timedelta(days=self.day_count)

    def chance(self, *subject: object) -> Random:
        """The random numbers of one subject, whatever else draws from its own."""
        # Not for secrets: a benchmark must be repeatable.
        return Random("/".join(map(str, (self.seed, *subject))))  # noqa: S311
