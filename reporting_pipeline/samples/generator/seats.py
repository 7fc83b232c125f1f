"""Venues, sections and the seats that may be sold: capacity, holds and kills.

What belongs here: rows of Seating, and that no more is sold than there is. What does not: who buys.
"""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from reporting_pipeline.samples.generator.chance import new_id
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.world import Event, Section
from reporting_pipeline.samples.generator.write import Books

_SEATS_ADDED = 50


@dataclass(frozen=True, slots=True)
class _Change:
    kind: str
    quantity: int
    at: datetime


def make_venue(plan: Plan, books: Books, event: Event, chance: Random) -> str:
    """Invent a venue with its sections for an event, write them, and open their seats."""
    venue_id = new_id(chance)
    market = event.market
    name = f"{chance.choice(market.names)} Hall"
    books.add("seating.venues", venue_id, name, market.city, market.country, plan.begins_at)
    for name in ("Stalls", "Circle", "Standing")[: chance.randint(1, 3)]:
        section = Section(id=new_id(chance))
        event.sections.append(section)
        is_seated = "false" if name == "Standing" else "true"
        books.add("seating.sections", section.id, venue_id, name, is_seated, plan.begins_at)
        _open_section(books, event, section, chance)
    return venue_id


def add_seats(
    books: Books, chance: Random, event: Event, section: Section, count: int, at: datetime
) -> None:
    """Open further seats of a section."""
    _write(books, chance, event, section, _Change("capacity", count, at))
    section.seats_left += count


def take_seats(books: Books, chance: Random, event: Event, count: int, at: datetime) -> str | None:
    """The section that `count` buyers sit in; what is sold never exceeds what is sellable."""
    if not event.sections:
        return None
    section = chance.choice(event.sections)
    if section.seats_left < count:
        add_seats(books, chance, event, section, max(count, _SEATS_ADDED), at)
    section.seats_left -= count
    return section.id


def _open_section(books: Books, event: Event, section: Section, chance: Random) -> None:
    at = event.on_sale_at
    capacity, held, killed = 20 * chance.randint(5, 20), chance.randint(0, 12), chance.randint(0, 4)
    add_seats(books, chance, event, section, capacity, at)
    _write(books, chance, event, section, _Change("hold", held, at))
    _write(books, chance, event, section, _Change("kill", killed, at))
    section.seats_left -= held + killed
    released_at = at + (event.sale_closes_at - at) / 2
    _write(books, chance, event, section, _Change("hold", -(held // 2), released_at))


def _write(books: Books, chance: Random, event: Event, section: Section, change: _Change) -> None:
    if change.quantity:
        row = (new_id(chance), event.id, section.id, change.kind, change.quantity)
        books.add("seating.inventory_movements", *row, change.at, change.at)
