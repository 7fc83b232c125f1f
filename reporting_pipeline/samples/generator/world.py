"""The world of the generated books, as values: markets, organisations, events and their parts."""

from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A city in which tickets are sold.

    Attributes:
        timezone: IANA name.
        currency: ISO 4217 code.
        price_minor: Price of a typical ticket, in minor units of the currency (which has 0, 2 or 3
            decimals).
        tax_rate: Tax on top of the price, as a fraction.
        cutoff: Local time at which a report day begins.
        names: Names of organisations and venues; many need quoting or escaping in files.
    """

    timezone: str
    currency: str
    price_minor: int
    tax_rate: float
    cutoff: time
    city: str
    country: str
    names: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class TicketType:
    """A ticket type with the price of one unit; `component` is the ledger's name of the price."""

    id: str
    is_admission: bool
    component: str
    price_minor: int


@dataclass(slots=True, kw_only=True)
class Gate:
    """A gate, and the number of the last upload of each of its devices."""

    id: str
    sequences: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Section:
    """A section of a venue, with the number of seats that can still be sold."""

    id: str
    seats_left: int = 0


@dataclass(slots=True, kw_only=True)
class Organization:
    """An organisation, its ledger accounts, and the changes of its payable.

    Attributes:
        accounts: Account kind and currency -> id.
        payable: Currency -> day (UTC, an ordinal) -> credits minus debits on `organizer_payable`.
    """

    id: str
    market: Market
    accounts: dict[tuple[str, str], str] = field(default_factory=dict)
    payable: dict[str, dict[int, int]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Event:
    """An event; `sale_closes_at` is the end of its sale, or of the books if this is earlier."""

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
        """The last instant at which buyers can change an order: the doors, or the cancellation."""
        return min(self.doors_at, self.cancelled_at or self.doors_at)


MARKETS = (
    Market(
        timezone="Europe/Berlin",
        currency="EUR",
        price_minor=4_500,
        tax_rate=0.07,
        cutoff=time(0),
        city="Berlin",
        country="DE",
        names=("Spielstätte Öst", 'Halle "Süd", GmbH & Co. KG', "-Kollektiv Nachtschicht"),
    ),
    Market(
        timezone="America/New_York",
        currency="USD",
        price_minor=8_000,
        tax_rate=0.08875,
        cutoff=time(4),
        city="New York",
        country="US",
        names=("Hudson Yard Live", "=Equals Theatre", "O'Neill & Sons, Inc."),
    ),
    Market(
        timezone="Asia/Tokyo",
        currency="JPY",
        price_minor=7_000,
        tax_rate=0.1,
        cutoff=time(0),
        city="東京",
        country="JP",
        names=("株式会社さくら興行", "新宿ライブハウス", "\uff1d全角ホール"),
    ),
    Market(
        timezone="Asia/Kuwait",
        currency="KWD",
        price_minor=15_000,
        tax_rate=0.0,
        cutoff=time(5),
        city="الكويت",
        country="KW",
        names=("مسرح الخليج", "Gulf Stage", "@souk events"),
    ),
    Market(
        timezone="Europe/London",
        currency="GBP",
        price_minor=5_500,
        tax_rate=0.2,
        cutoff=time(3),
        city="London",
        country="GB",
        names=("The Lamp & Key", "+44 Promotions", "Thames Amphitheatre"),
    ),
    Market(
        timezone="America/Sao_Paulo",
        currency="BRL",
        price_minor=18_000,
        tax_rate=0.05,
        cutoff=time(0),
        city="São Paulo",
        country="BR",
        names=("Produções Maré Alta", "Teatro Ipê", "Casa 100%"),
    ),
    Market(
        timezone="Asia/Kolkata",
        currency="INR",
        price_minor=120_000,
        tax_rate=0.18,
        cutoff=time(2, 30),
        city="मुंबई",
        country="IN",
        names=("रंगमंच मुंबई", "Monsoon Live", "Gateway Arena"),
    ),
    Market(
        timezone="Australia/Adelaide",
        currency="AUD",
        price_minor=9_000,
        tax_rate=0.1,
        cutoff=time(0),
        city="Adelaide",
        country="AU",
        names=("Southern Sound Pty Ltd", "Fringe\nFactory", "Torrens Hall"),
    ),
)

EVENT_NAMES = (
    "Opening Night",
    "Clubnacht \u2013 Ende der Sommerzeit",
    'Matinee, "Spring Forward"',
    "夏の終わりのコンサート",
    "ليلة الموسيقى",
    "=SUM(Friends)",
    "Concert #7\n(second line)",
    "Łódź Jazz Ensemble",
    "-1 Degrees",
    "Grand Finale 🎆",
)
