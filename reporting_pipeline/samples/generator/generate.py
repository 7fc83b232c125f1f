"""Generates a dump: first the world, then each order with its changes and scans, then payouts."""

import heapq
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.samples.generator.after_sale import Aftermath
from reporting_pipeline.samples.generator.attendance import Doors
from reporting_pipeline.samples.generator.books import BooksWriter, Plan, open_books
from reporting_pipeline.samples.generator.payouts import write_payouts
from reporting_pipeline.samples.generator.random_values import sale_instants, split_by_weight
from reporting_pipeline.samples.generator.sales import BoxOffice
from reporting_pipeline.samples.generator.setup import write_event, write_organization
from reporting_pipeline.samples.generator.world import Event, Organization


def generate_dump(plan: Plan, directory: Path, *, is_packed: bool = False) -> Path:
    """Write generated books as a dump.

    Memory grows with the number of organisations, events and days, but not of orders.

    Args:
        plan: Size and seed; equal plans give the same bytes.
        directory: A folder that is missing or empty; it appears complete or not at all.
        is_packed: Write `.csv.gz`.

    Returns:
        The folder.

    Raises:
        DumpRefused: The folder is not empty.
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


def _write_books(plan: Plan, books: BooksWriter) -> None:
    organizations = [
        write_organization(plan, books, number) for number in range(plan.organization_count)
    ]
    random = plan.random("orders")
    office = BoxOffice(plan, books, random)
    aftermath = Aftermath(office)
    doors = Doors(plan, books, plan.random("doors"))
    for at, event in _sales(plan, books, organizations):
        order = office.place(event, at)
        aftermath.follow(order)
        office.close(order)
        doors.admit(order)
    for organization in organizations:
        write_payouts(plan, office.ledger, organization, plan.random("payouts", organization.id))


def _sales(
    plan: Plan, books: BooksWriter, organizations: list[Organization]
) -> Iterator[tuple[datetime, Event]]:
    """The instants of all orders with their events, in the order of time."""
    # The first organisation sells the most, as in practice.
    sizes = split_by_weight(
        plan.order_count, [1 / (1 + number) for number in range(len(organizations))]
    )
    sales = []
    for organization, size in zip(organizations, sizes, strict=True):
        events = [
            write_event(plan, books, organization, number)
            for number in range(plan.events_per_organization)
        ]
        popularity = plan.random("popularity", organization.id)
        counts = split_by_weight(size, [popularity.uniform(0.3, 1.7) for _ in events])
        sales += [
            _event_sales(plan, event, count) for event, count in zip(events, counts, strict=True)
        ]
    return heapq.merge(*sales, key=lambda sale: sale[0])


def _event_sales(plan: Plan, event: Event, count: int) -> Iterator[tuple[datetime, Event]]:
    random = plan.random("sales", event.id)
    for at in sale_instants(random, count, event.on_sale_at, event.sale_closes_at, event.zone):
        yield at, event
