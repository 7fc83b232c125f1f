"""The world of the generated books, as values: organisations, events and their parts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.markets import Market

Changes = dict[str | None, dict[int, int]]
"""Event id (None: of no event) -> week -> signed minor units."""


class Role(Enum):
    """The story of an event."""

    PLAIN = "plain"
    SERIES = "series"
    FESTIVAL = "festival"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    MOVED = "moved"


@dataclass(slots=True, kw_only=True)
class TicketType:
    """A ticket type with the price of one unit.

    Attributes:
        component: The ledger's name of the price.
        weight: How often it is bought, beside the other types of its event.
        days: The days of the event on which it admits; the first is 0.
    """

    id: str
    is_admission: bool
    component: str
    price_minor: int
    weight: int
    days: tuple[int, ...] = (0,)


@dataclass(slots=True, kw_only=True)
class Gate:
    """A gate, and the number of the last upload of each of its devices."""

    id: str
    sequences: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A venue with the ids of its sections."""

    id: str
    section_ids: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Section:
    """A section at an event, with the number of seats that can still be sold."""

    id: str
    seats_left: int = 0


@dataclass(slots=True, kw_only=True)
class Organization:
    """An organisation, its ledger accounts, and what its payouts are computed from.

    Attributes:
        accounts: Account kind and currency -> id.
        series_id: Its series of events, once there is one.
        event_counts: "festival", "series" or "show" -> number of its events so far.
        venues: City and number -> venue.
        payable: Currency -> credits minus debits on `organizer_payable`.
        clearing: Currency -> week -> debits minus credits on `psp_clearing`.
        gift_cards: Currency -> value of gift cards that are sold, and neither returned nor used.
    """

    id: str
    number: int
    market: Market
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    series_id: str | None = None
    event_counts: Counter[str] = field(default_factory=Counter)
    venues: dict[tuple[str, int], Venue] = field(default_factory=dict)
    payable: dict[str, Changes] = field(default_factory=dict)
    clearing: dict[str, dict[int, int]] = field(default_factory=dict)
    gift_cards: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Event:
    """An event; `sale_closes_at` is the end of its sale, or of the books if this is earlier.

    Attributes:
        moved_at: When the event was moved from `rescheduled_from` to `starts_at`.
    """

    id: str
    organization: Organization
    market: Market
    zone: ZoneInfo
    role: Role
    on_sale_at: datetime
    starts_at: datetime
    ends_at: datetime
    rescheduled_from: datetime | None
    moved_at: datetime | None
    cancelled_at: datetime | None
    sale_closes_at: datetime
    service_fee_minor: int
    facility_fee_minor: int
    types: list[TicketType] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)

    @property
    def doors_at(self) -> datetime:
        """The instant at which the gates open for the first time."""
        return self.starts_at - timedelta(hours=1)

    @property
    def changes_until(self) -> datetime:
        """The last instant at which buyers can change an order: the doors, or the cancellation."""
        return min(self.doors_at, self.cancelled_at or self.doors_at)
