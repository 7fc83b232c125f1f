"""Who sells, where and when: organisations, events, ticket types, sections and gates, as values.

What belongs here: what later happenings need to know of them. What does not: their rows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.markets import Market


@dataclass(slots=True, kw_only=True)
class TicketType:
    """A ticket type with its price of one unit; `component` is what the ledger calls its price."""

    id: str
    is_admission: bool
    component: str
    price_minor: int


@dataclass(slots=True, kw_only=True)
class Gate:
    """A gate, and per device the number of its last upload."""

    id: str
    sequences: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Section:
    """A part of a venue with the seats that are left in it."""

    id: str
    seats_left: int = 0


@dataclass(slots=True, kw_only=True)
class Organization:
    """An organisation, its ledger accounts, and what its payable has changed by.

    Attributes:
        accounts: Account kind and currency -> id.
        payable: Currency -> day (UTC) -> credits less debits on `organizer_payable`.
    """

    id: str
    market: Market
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    payable: dict[str, dict[int, int]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Event:
    """An event; `sale_closes_at` is the end of everything that can be bought in the plan's time."""

    id: str
    organization: Organization
    market: Market
    zone: ZoneInfo
    on_sale_at: datetime
    doors_at: datetime
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    sale_closes_at: datetime
    service_fee_minor: int
    facility_fee_minor: int
    types: list[TicketType] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)

    @property
    def changes_until(self) -> datetime:
        """Until then buyers change what they bought: what is inside at the doors stays."""
        return min(self.doors_at, self.cancelled_at or self.doors_at)
