"""What stands before the first order: organisations, events, ticket types and gates, written.

What belongs here: inventing and scheduling them. What does not: venues and seats (`seats`), orders
and what follows from them.
"""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.chance import DAY, happens, new_id, within
from reporting_pipeline.samples.generator.markets import EVENT_NAMES, MARKETS, Market
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.seats import make_venue
from reporting_pipeline.samples.generator.world import Event, Gate, Organization, TicketType
from reporting_pipeline.samples.generator.write import Books

_AT_HOME_SHARE = 0.85
_ONLINE_SHARE = 0.1
_CANCELLED_SHARE = 0.08
_ASKS_DONATIONS_SHARE = 0.3


def make_organization(plan: Plan, books: Books, number: int) -> Organization:
    """Invent an organisation and write it."""
    chance = plan.chance("organization", number)
    market = MARKETS[number % len(MARKETS)]
    organization = Organization(id=new_id(chance), market=market)
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
    """How many events each organisation has in the plan's time."""
    return max(2, min(24, plan.day_count // 15 + 2))


def make_event(plan: Plan, books: Books, organization: Organization, number: int) -> Event:
    """Invent an event of an organisation, with venue and gates, and write it."""
    chance = plan.chance("event", organization.id, number)
    # Now and then an organisation plays abroad.
    market = organization.market if happens(chance, _AT_HOME_SHARE) else chance.choice(MARKETS)
    event = _schedule(plan, chance, organization, market, number)
    is_online = happens(chance, _ONLINE_SHARE)
    venue_id = None if is_online else make_venue(plan, books, event, chance)
    books.add(
        "ticketing.events",
        event.id,
        organization.id,
        venue_id,
        f"{chance.choice(EVENT_NAMES)} {number + 1}",
        market.timezone,
        market.cutoff,
        market.currency,
        _status(plan, event),
        event.on_sale_at,
        event.doors_at,
        event.starts_at,
        event.ends_at,
        _last_change(plan, event),
    )
    _make_types(books, event, chance)
    if not is_online:
        for gate in ("Main gate", "North", "VIP")[: chance.randint(1, 3)]:
            _make_gate(books, event, chance, gate)
    return event


def _schedule(
    plan: Plan, chance: Random, organization: Organization, market: Market, number: int
) -> Event:
    zone = ZoneInfo(market.timezone)
    span = plan.ends_at - plan.begins_at
    # The last events lie beyond the plan's time: they are on sale and have not been.
    at = plan.begins_at + span * 1.2 * ((number + chance.random()) / event_count(plan))
    begins = datetime.combine(at.astimezone(zone).date(), time(chance.choice((19, 20, 22))), zone)
    while begins.astimezone(UTC) < plan.begins_at + timedelta(hours=4):
        begins += timedelta(days=1)
    starts_at = begins.astimezone(UTC)
    on_sale_at = max(
        starts_at - within(chance, 20 * DAY, 120 * DAY),
        plan.begins_at + min(span / 4, timedelta(days=3)) * chance.random(),
    )
    if on_sale_at > plan.ends_at - span / 10:
        on_sale_at = plan.begins_at + span / 2 * chance.random()
    cancelled_at = starts_at - within(chance, 1 * DAY, 5 * DAY)
    is_cancelled = happens(chance, _CANCELLED_SHARE) and on_sale_at + timedelta(
        days=2
    ) < cancelled_at < plan.ends_at - timedelta(days=1)
    return Event(
        id=new_id(chance),
        organization=organization,
        market=market,
        zone=zone,
        on_sale_at=on_sale_at,
        doors_at=starts_at - timedelta(hours=1),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        cancelled_at=cancelled_at if is_cancelled else None,
        sale_closes_at=min(starts_at, plan.ends_at, cancelled_at if is_cancelled else starts_at),
        service_fee_minor=chance.choice((0, 5, 8)) * market.price_minor // 100,
        facility_fee_minor=chance.choice((0, 0, 2)) * market.price_minor // 100,
    )


def _status(plan: Plan, event: Event) -> str:
    if event.cancelled_at is not None:
        return "cancelled"
    return "ended" if event.ends_at < plan.ends_at else "on_sale"


def _last_change(plan: Plan, event: Event) -> datetime:
    if event.cancelled_at is not None:
        return event.cancelled_at
    return event.ends_at if event.ends_at < plan.ends_at else plan.begins_at


def _make_types(books: Books, event: Event, chance: Random) -> None:
    price = event.market.price_minor * chance.randint(60, 140) // 100
    offers = [
        ("Standard", True, "face_value", price),
        ("Reduced, with proof", True, "face_value", price * 6 // 10),
        ("VIP", True, "face_value", price * 5 // 2),
        ("Parking", False, "addon", price // 4),
    ]
    if happens(chance, _ASKS_DONATIONS_SHARE):
        offers.append(("Donation", False, "donation", price // 10))
    for name, is_admission, component, price_minor in offers:
        offer = TicketType(
            id=new_id(chance),
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


def _make_gate(books: Books, event: Event, chance: Random, name: str) -> None:
    devices = dict.fromkeys((new_id(chance) for _ in range(chance.randint(1, 3))), 0)
    gate = Gate(id=new_id(chance), sequences=devices)
    event.gates.append(gate)
    books.add("scanning.gates", gate.id, event.id, name, event.on_sale_at)
