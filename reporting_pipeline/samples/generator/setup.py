"""Writes the rows that exist before the first order: organisations, events, venues, gates.

It also sells the seats of each section, so that no event sells more seats than it has.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.markets import MARKETS
from reporting_pipeline.samples.generator.random_values import happens, new_id
from reporting_pipeline.samples.generator.schedule import (
    FESTIVAL_CUTOFF,
    FESTIVAL_DAYS,
    last_change,
    schedule,
    status,
)
from reporting_pipeline.samples.generator.world import (
    Event,
    Gate,
    Organization,
    Role,
    Section,
    TicketType,
    Venue,
)

_ONLINE_SHARE = 0.1
_SEATS_ADDED = 50
_SECTIONS = ("Stalls", "Circle", "Standing")
_FESTIVAL_SECTIONS = ("Meadow", "Grandstand")
_FESTIVAL_NIGHTS = ("Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class _Change:
    kind: str
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class _Offer:
    name: str
    component: str
    price_minor: int
    weight: int
    days: tuple[int, ...] = (0,)


def write_organization(plan: Plan, books: BooksWriter, number: int) -> Organization:
    """Create an organisation and write its row."""
    random = plan.random("organization", number)
    market = MARKETS[number % len(MARKETS)]
    organization = Organization(id=new_id(random), number=number, market=market)
    turn = number // len(MARKETS)
    name = market.names[turn % len(market.names)]
    books.add(
        "ticketing.organizations",
        organization.id,
        name if turn < len(market.names) else f"{name} {turn // len(market.names) + 1}",
        market.timezone,
        market.currency,
        plan.begins_at,
    )
    return organization


def write_event(plan: Plan, books: BooksWriter, organization: Organization, number: int) -> Event:
    """Create an event of an organisation, with its venue, ticket types and gates, and write it."""
    random = plan.random("event", organization.id, number)
    event = schedule(plan, random, organization, number)
    is_online = event.role is Role.PLAIN and happens(random, _ONLINE_SHARE)
    venue_id = None if is_online else _open_venue(plan, books, event, random, number)
    books.add(
        "ticketing.events",
        event.id,
        organization.id,
        venue_id,
        _event_name(event),
        event.market.timezone,
        FESTIVAL_CUTOFF if event.role is Role.FESTIVAL else event.market.cutoff,
        event.market.currency,
        status(plan, event),
        event.on_sale_at,
        event.doors_at,
        event.starts_at,
        event.ends_at,
        _series(plan, books, organization, random) if _is_of_series(event) else None,
        event.rescheduled_from,
        last_change(plan, event),
    )
    for offer in _offers(event, random):
        _write_type(books, event, random, offer)
    if not is_online:
        for gate in ("Main gate", "North", "VIP")[: random.randint(1, 3)]:
            _write_gate(books, event, random, gate)
    return event


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


def _event_name(event: Event) -> str:
    """A name that no other event of the organisation has."""
    organization, market = event.organization, event.organization.market
    kind = "series" if _is_of_series(event) else "show"
    kind = "festival" if event.role is Role.FESTIVAL else kind
    number = organization.event_counts[kind]
    organization.event_counts[kind] += 1
    if kind == "series":
        return f"{market.tour} {number + 1}: {event.market.city}"
    names = (f"{market.festival} {event.starts_at.year}",) if kind == "festival" else market.shows
    turn, place = divmod(number, len(names))
    return names[place] if turn == 0 else f"{names[place]} ({turn + 1})"


def _is_of_series(event: Event) -> bool:
    return event.role in {Role.SERIES, Role.MOVED}


def _series(plan: Plan, books: BooksWriter, organization: Organization, random: Random) -> str:
    if organization.series_id is None:
        organization.series_id = new_id(random)
        row = (organization.series_id, organization.id, organization.market.tour)
        books.add("ticketing.event_series", *row, plan.begins_at)
    return organization.series_id


def _open_venue(plan: Plan, books: BooksWriter, event: Event, random: Random, number: int) -> str:
    """Open the sections of a venue for an event; write the venue if it is new."""
    names = event.market.venues
    place = len(names) - 1 if event.role is Role.FESTIVAL else number % max(len(names) - 1, 1)
    venues = event.organization.venues
    venue = venues.get((event.market.city, place))
    if venue is None:
        sections = _FESTIVAL_SECTIONS if event.role is Role.FESTIVAL else _SECTIONS
        venue = _write_venue(plan, books, event, random, names[place], sections)
        venues[event.market.city, place] = venue
    for section_id in venue.section_ids:
        section = Section(id=section_id)
        event.sections.append(section)
        _open_section(books, event, section, random)
    return venue.id


def _write_venue(
    plan: Plan,
    books: BooksWriter,
    event: Event,
    random: Random,
    name: str,
    sections: tuple[str, ...],
) -> Venue:
    market = event.market
    ids = tuple(new_id(random) for _ in sections[: random.randint(2, 3)])
    venue = Venue(id=new_id(random), section_ids=ids)
    books.add("seating.venues", venue.id, name, market.city, market.country, plan.begins_at)
    for section_id, section in zip(ids, sections, strict=False):
        is_seated = "false" if section in {"Standing", "Meadow"} else "true"
        row = (section_id, venue.id, section, is_seated, plan.begins_at)
        books.add("seating.sections", *row)
    return venue


def _offers(event: Event, random: Random) -> list[_Offer]:
    price = event.market.price_minor * random.randint(60, 140) // 100
    if event.role is Role.FESTIVAL:
        offers = [
            _Offer("3-day pass", "face_value", price * 2, 60, tuple(range(FESTIVAL_DAYS))),
            *(
                _Offer(f"{name} ticket", "face_value", price, 10, (day,))
                for day, name in enumerate(_FESTIVAL_NIGHTS)
            ),
            _Offer("Camping", "addon", price * 3 // 5, 14),
        ]
    else:
        offers = [
            _Offer("Standard", "face_value", price, 60),
            _Offer("Reduced, with proof", "face_value", price * 6 // 10, 20),
            _Offer("VIP", "face_value", price * 5 // 2, 8),
            _Offer("Parking", "addon", price // 4, 10),
        ]
    # Never drawn with the others: the box office adds them to some orders.
    offers.append(_Offer("Donation", "donation", price // 10, 0))
    offers.append(_Offer("Gift card", "gift_card", 2 * event.market.price_minor, 0))
    return offers


def _write_type(books: BooksWriter, event: Event, random: Random, offer: _Offer) -> None:
    written = TicketType(
        id=new_id(random),
        is_admission=offer.component == "face_value",
        component=offer.component,
        price_minor=max(offer.price_minor, 1),
        weight=offer.weight,
        days=offer.days,
    )
    event.types.append(written)
    is_admission = "true" if written.is_admission else "false"
    row = (written.id, event.id, offer.name, is_admission, event.on_sale_at)
    books.add("ticketing.ticket_types", *row)


def _write_gate(books: BooksWriter, event: Event, random: Random, name: str) -> None:
    devices = dict.fromkeys((new_id(random) for _ in range(random.randint(1, 3))), 0)
    gate = Gate(id=new_id(random), sequences=devices)
    event.gates.append(gate)
    books.add("scanning.gates", gate.id, event.id, name, event.on_sale_at)


def _open_section(books: BooksWriter, event: Event, section: Section, random: Random) -> None:
    at = event.on_sale_at
    capacity, held, killed = 20 * random.randint(5, 20), random.randint(2, 12), random.randint(1, 4)
    add_seats(books, random, event, section, capacity, at)
    _write_seats(books, random, event, section, _Change("hold", held, at))
    _write_seats(books, random, event, section, _Change("kill", killed, at))
    section.seats_left -= held + killed
    released_at = at + (event.sale_closes_at - at) / 2
    _write_seats(books, random, event, section, _Change("hold", -(held // 2), released_at))


def _write_seats(
    books: BooksWriter, random: Random, event: Event, section: Section, change: _Change
) -> None:
    row = (new_id(random), event.id, section.id, change.kind, change.quantity)
    books.add("seating.inventory_movements", *row, change.at, change.at)
