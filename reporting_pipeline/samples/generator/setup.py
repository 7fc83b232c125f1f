"""Writes the rows that exist before the first order: organisations, events, venues, gates.

It also sells the seats of each section, so that no event sells more seats than it has.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.random_values import DAY, happens, new_id, time_between
from reporting_pipeline.samples.generator.world import (
    EVENT_NAMES,
    MARKETS,
    Event,
    Gate,
    Market,
    Organization,
    Section,
    TicketType,
)

_AT_HOME_SHARE = 0.85
_ONLINE_SHARE = 0.1
_CANCELLED_SHARE = 0.08
_ASKS_DONATIONS_SHARE = 0.3
_SEATS_ADDED = 50


@dataclass(frozen=True, slots=True)
class _Change:
    kind: str
    quantity: int
    at: datetime


def write_organization(plan: Plan, books: BooksWriter, number: int) -> Organization:
    """Create an organisation and write its row."""
    random = plan.random("organization", number)
    market = MARKETS[number % len(MARKETS)]
    organization = Organization(id=new_id(random), market=market)
    name = f"{market.names[number // len(MARKETS) % len(market.names)]} {number + 1}"
    books.add(
        "ticketing.organizations",
        organization.id,
        name,
        market.timezone,
        market.currency,
        plan.begins_at,
    )
    return organization


def event_count(plan: Plan) -> int:
    """Number of events of each organisation."""
    return max(2, min(24, plan.day_count // 15 + 2))


def write_event(plan: Plan, books: BooksWriter, organization: Organization, number: int) -> Event:
    """Create an event of an organisation, with its venue, ticket types and gates, and write it."""
    random = plan.random("event", organization.id, number)
    # Some organisations also have events abroad.
    market = organization.market if happens(random, _AT_HOME_SHARE) else random.choice(MARKETS)
    event = _schedule(plan, random, organization, market, number)
    is_online = happens(random, _ONLINE_SHARE)
    venue_id = None if is_online else write_venue(plan, books, event, random)
    books.add(
        "ticketing.events",
        event.id,
        organization.id,
        venue_id,
        f"{random.choice(EVENT_NAMES)} {number + 1}",
        market.timezone,
        market.cutoff,
        market.currency,
        _status(plan, event),
        event.on_sale_at,
        event.doors_at,
        event.starts_at,
        event.ends_at,
        None,
        None,
        _last_change(plan, event),
    )
    _write_types(books, event, random)
    if not is_online:
        for gate in ("Main gate", "North", "VIP")[: random.randint(1, 3)]:
            _write_gate(books, event, random, gate)
    return event


def write_venue(plan: Plan, books: BooksWriter, event: Event, random: Random) -> str:
    """Create a venue with its sections for an event, write them, and open their seats."""
    venue_id = new_id(random)
    market = event.market
    name = f"{random.choice(market.names)} Hall"
    books.add("seating.venues", venue_id, name, market.city, market.country, plan.begins_at)
    for name in ("Stalls", "Circle", "Standing")[: random.randint(1, 3)]:
        section = Section(id=new_id(random))
        event.sections.append(section)
        is_seated = "false" if name == "Standing" else "true"
        books.add("seating.sections", section.id, venue_id, name, is_seated, plan.begins_at)
        _open_section(books, event, section, random)
    return venue_id


def add_seats(
    books: BooksWriter, random: Random, event: Event, section: Section, count: int, at: datetime
) -> None:
    """Open more seats in a section."""
    _write_seats(books, random, event, section, _Change("capacity", count, at))
    section.seats_left += count


def take_seats(
    books: BooksWriter, random: Random, event: Event, count: int, at: datetime
) -> str | None:
    """Sell seats in a section and return its id; more seats are opened if too few are left."""
    if not event.sections:
        return None
    section = random.choice(event.sections)
    if section.seats_left < count:
        add_seats(books, random, event, section, max(count, _SEATS_ADDED), at)
    section.seats_left -= count
    return section.id


def _schedule(
    plan: Plan, random: Random, organization: Organization, market: Market, number: int
) -> Event:
    zone = ZoneInfo(market.timezone)
    span = plan.ends_at - plan.begins_at
    # The last events take place after the end of the books: they are still on sale.
    at = plan.begins_at + span * 1.2 * ((number + random.random()) / event_count(plan))
    begins = datetime.combine(at.astimezone(zone).date(), time(random.choice((19, 20, 22))), zone)
    while begins.astimezone(UTC) < plan.begins_at + timedelta(hours=4):
        begins += timedelta(days=1)
    starts_at = begins.astimezone(UTC)
    on_sale_at = max(
        starts_at - time_between(random, 20 * DAY, 120 * DAY),
        plan.begins_at + min(span / 4, timedelta(days=3)) * random.random(),
    )
    if on_sale_at > plan.ends_at - span / 10:
        on_sale_at = plan.begins_at + span / 2 * random.random()
    cancelled_at = starts_at - time_between(random, 1 * DAY, 5 * DAY)
    is_cancelled = happens(random, _CANCELLED_SHARE) and on_sale_at + timedelta(
        days=2
    ) < cancelled_at < plan.ends_at - timedelta(days=1)
    return Event(
        id=new_id(random),
        organization=organization,
        market=market,
        zone=zone,
        on_sale_at=on_sale_at,
        doors_at=starts_at - timedelta(hours=1),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        cancelled_at=cancelled_at if is_cancelled else None,
        sale_closes_at=min(starts_at, plan.ends_at, cancelled_at if is_cancelled else starts_at),
        service_fee_minor=random.choice((0, 5, 8)) * market.price_minor // 100,
        facility_fee_minor=random.choice((0, 0, 2)) * market.price_minor // 100,
    )


def _status(plan: Plan, event: Event) -> str:
    if event.cancelled_at is not None:
        return "cancelled"
    return "ended" if event.ends_at < plan.ends_at else "on_sale"


def _last_change(plan: Plan, event: Event) -> datetime:
    if event.cancelled_at is not None:
        return event.cancelled_at
    return event.ends_at if event.ends_at < plan.ends_at else plan.begins_at


def _write_types(books: BooksWriter, event: Event, random: Random) -> None:
    price = event.market.price_minor * random.randint(60, 140) // 100
    offers = [
        ("Standard", True, "face_value", price),
        ("Reduced, with proof", True, "face_value", price * 6 // 10),
        ("VIP", True, "face_value", price * 5 // 2),
        ("Parking", False, "addon", price // 4),
    ]
    if happens(random, _ASKS_DONATIONS_SHARE):
        offers.append(("Donation", False, "donation", price // 10))
    for name, is_admission, component, price_minor in offers:
        offer = TicketType(
            id=new_id(random),
            is_admission=is_admission,
            component=component,
            price_minor=max(price_minor, 1),
        )
        event.types.append(offer)
        books.add(
            "ticketing.ticket_types",
            offer.id,
            event.id,
            name,
            "true" if is_admission else "false",
            event.on_sale_at,
        )


def _write_gate(books: BooksWriter, event: Event, random: Random, name: str) -> None:
    devices = dict.fromkeys((new_id(random) for _ in range(random.randint(1, 3))), 0)
    gate = Gate(id=new_id(random), sequences=devices)
    event.gates.append(gate)
    books.add("scanning.gates", gate.id, event.id, name, event.on_sale_at)


def _open_section(books: BooksWriter, event: Event, section: Section, random: Random) -> None:
    at = event.on_sale_at
    capacity, held, killed = 20 * random.randint(5, 20), random.randint(0, 12), random.randint(0, 4)
    add_seats(books, random, event, section, capacity, at)
    _write_seats(books, random, event, section, _Change("hold", held, at))
    _write_seats(books, random, event, section, _Change("kill", killed, at))
    section.seats_left -= held + killed
    released_at = at + (event.sale_closes_at - at) / 2
    _write_seats(books, random, event, section, _Change("hold", -(held // 2), released_at))


def _write_seats(
    books: BooksWriter, random: Random, event: Event, section: Section, change: _Change
) -> None:
    if change.quantity:
        row = (new_id(random), event.id, section.id, change.kind, change.quantity)
        books.add("seating.inventory_movements", *row, change.at, change.at)
