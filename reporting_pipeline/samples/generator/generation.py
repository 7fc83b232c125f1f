"""Generating a dump: the world first, then order after order in time, then the payouts.

What belongs here: the order of things and the folder they are written to. What does not: rows.
"""

import heapq
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.samples.generator.after_sale import follow
from reporting_pipeline.samples.generator.attendance import Doors
from reporting_pipeline.samples.generator.calendar import sale_instants
from reporting_pipeline.samples.generator.chance import shares
from reporting_pipeline.samples.generator.founding import (
    event_count,
    make_event,
    make_organization,
)
from reporting_pipeline.samples.generator.payouts import pay_out
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.sales import BoxOffice
from reporting_pipeline.samples.generator.world import Event, Organization
from reporting_pipeline.samples.generator.write import Books, open_books


def generate_dump(plan: Plan, directory: Path, *, is_packed: bool = False) -> Path:
    """Write invented books as a contract dump.

    Memory grows with organisations, events and days, not with orders.

    Args:
        plan: Size and seed; the same plan gives the same bytes.
        directory: A folder that is missing or empty. It appears whole or not at all.
        is_packed: Write `.csv.gz`.

    Returns:
        The folder.

    Raises:
        DumpRefused: The folder holds something already.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        message = f"{directory} is not an empty folder: give a new one, or empty it"
        raise DumpRefused(message)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".generating-", dir=directory.parent) as folder:
        whole = Path(folder) / directory.name
        whole.mkdir()
        with open_books(whole, is_packed=is_packed) as books:
            _write_books(plan, books)
        whole.replace(directory)
    return directory


def _write_books(plan: Plan, books: Books) -> None:
    organizations = [
        make_organization(plan, books, number) for number in range(plan.organization_count)
    ]
    chance = plan.chance("orders")
    office = BoxOffice(plan, books, chance)
    doors = Doors(plan, books, plan.chance("doors"))
    for at, event in _sales(plan, books, organizations):
        order = office.place(event, at)
        follow(office, order)
        office.close(order)
        doors.admit(order)
    for organization in organizations:
        pay_out(plan, office.journal, organization, plan.chance("payouts", organization.id))


def _sales(
    plan: Plan, books: Books, organizations: list[Organization]
) -> Iterator[tuple[datetime, Event]]:
    """When each order of each event is placed, in the order of time."""
    # As in life, the first organisation sells as much as the next ones together.
    sizes = shares(plan.order_count, [1 / (1 + number) for number in range(len(organizations))])
    sales = []
    for organization, size in zip(organizations, sizes, strict=True):
        events = [
            make_event(plan, books, organization, number) for number in range(event_count(plan))
        ]
        popularity = plan.chance("popularity", organization.id)
        counts = shares(size, [popularity.uniform(0.3, 1.7) for _ in events])
        sales += [
            _event_sales(plan, event, count) for event, count in zip(events, counts, strict=True)
        ]
    return heapq.merge(*sales, key=lambda sale: sale[0])


def _event_sales(plan: Plan, event: Event, count: int) -> Iterator[tuple[datetime, Event]]:
    chance = plan.chance("sales", event.id)
    for at in sale_instants(chance, count, event.on_sale_at, event.sale_closes_at, event.zone):
        yield at, event
