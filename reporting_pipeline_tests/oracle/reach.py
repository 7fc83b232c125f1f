"""The report days that each source row reaches in some books.

A row reaches a day if a row of a report table on this day reads it, by the sentences of "What a
late row touches" (docs/contract/report_tables.md).
"""

from collections.abc import Iterable
from datetime import date
from functools import cached_property

from reporting_pipeline_tests.oracle.attendance import admits
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.occupancy import Section, ticket_days
from reporting_pipeline_tests.oracle.order_history import order_histories
from reporting_pipeline_tests.oracle.report_days import event_day, movement_day, transaction_day
from reporting_pipeline_tests.oracle.report_tables import (
    ACCOUNTS,
    ATTENDANCE,
    BREAKS,
    OCCUPANCY,
    QUARTERS,
    REVENUE,
    SALES,
    SUMMARY,
    TAX,
)
from reporting_pipeline_tests.oracle.sales import MOVEMENTS, first_movements
from reporting_pipeline_tests.oracle.scans import Upload, scan_state, upload
from reporting_pipeline_tests.oracle.source_tables import Row

EventDay = tuple[str | None, date]
"""An event, or None, and a report day."""


class Reach:
    """The days that rows of some books reach; every method adds to `days`.

    Attributes:
        books: The books.
        days: Report table -> events and days reached so far.
    """

    def __init__(self, books: Books) -> None:
        self.books = books
        self.tables = expected_tables(books)
        self.scans = scan_state(books)
        self.days: dict[str, set[EventDay]] = {table: set() for table in self.tables}
        self._histories = order_histories(books)
        self._first_movements = first_movements(books)

    def movements(self, identities: Iterable[str]) -> None:
        """Their day; in the summary also all later days; in the breaks all days of the order."""
        for movement in self._known(MOVEMENTS, identities):
            order = self.books["ticketing.orders"][movement["order_id"]]
            day = movement_day(self.books, movement)
            self.days[SALES].add((order["event_id"], day))
            self._summary_from(order["event_id"], day)
            self.orders([order["id"]])

    def first_of_orders(self, identities: Iterable[str]) -> None:
        """The days of the orders' first movements."""
        for identity in identities:
            if movement := self._first_movements.get(identity):
                order = self.books["ticketing.orders"][identity]
                day = movement_day(self.books, movement)
                self.days[SALES].add((order["event_id"], day))

    def paid(self, orders: set[str]) -> None:
        """In the summary, the first day of the orders' movements and all later days."""
        firsts: dict[str, date] = {}
        for movement in self.books[MOVEMENTS].values():
            if movement["order_id"] in orders:
                day = movement_day(self.books, movement)
                firsts[movement["order_id"]] = min(day, firsts.get(movement["order_id"], day))
        for identity, day in firsts.items():
            self._summary_from(self.books["ticketing.orders"][identity]["event_id"], day)

    def transactions(self, identities: Iterable[str]) -> None:
        """The day of their entries; in the summary also all later days; all days of the order."""
        for transaction in self._known("ledger.transactions", identities):
            day = transaction_day(self.books, transaction)
            if transaction["id"] in self._taxed_transactions:
                self.days[TAX].add((transaction["event_id"], day))
            items = self._item_events.get(transaction["id"], set())
            self._events_of_transaction({transaction["event_id"]} | items, day)
            self.orders([transaction["order_id"]])

    def _events_of_transaction(self, events: set[str | None], day: date) -> None:
        """The day in revenue, accounts and breaks; in the summary also all later days."""
        for event_id in events:
            for table in (REVENUE, ACCOUNTS, BREAKS):
                self.days[table].add((event_id, day))
            if event_id in self.books["ticketing.events"]:
                self._summary_from(event_id, day)

    def orders(self, identities: Iterable[str | None]) -> None:
        """All days of the orders in the breaks, at all their places."""
        for identity in identities:
            if history := self._histories.get(identity or ""):
                events = {place.event_id for place in history.places()}
                events |= {history.home.event_id} if history.home else set()
                days = history.all_days()
                self.days[BREAKS] |= {(event, day) for event in events for day in days}

    def scan_days(self, scans: Iterable[Row]) -> None:
        """The days of the scans; in the summary also all later days. Rows held back reach none."""
        for scan in scans:
            if scan["event_id"] in self.books["ticketing.events"]:
                day = event_day(self.books, scan["event_id"], scan["scanned_at"])
                self.days[ATTENDANCE].add((scan["event_id"], day))
                self.days[QUARTERS].add((scan["event_id"], day))
                self._summary_from(scan["event_id"], day)

    def uploads(self, uploads: Iterable[Upload]) -> None:
        """The days of the counted copies of uploads."""
        counted = self.scans.counted
        self.scan_days(counted[key] for key in uploads if key in counted)

    def first_entries(self, tickets: Iterable[str]) -> None:
        """The day of each ticket's first entry."""
        firsts = self.scans.first_entries
        self.scan_days(firsts[ticket] for ticket in tickets if ticket in firsts)

    def days_of_entries(self, uploads: Iterable[Upload]) -> set[tuple[str, date]]:
        """The tickets of the uploads, with the days of the uploads."""
        scans = [scan for key in uploads for scan in self.scans.copies.get(key, ())]
        return {
            (scan["ticket_id"], event_day(self.books, scan["event_id"], scan["scanned_at"]))
            for scan in scans
            if scan["ticket_id"]
        }

    def first_of_days(self, tickets: Iterable[tuple[str, date]]) -> None:
        """The day of each ticket's first entry on the day, which may be at another event."""
        firsts = self.scans.first_of_days
        self.scan_days(firsts[ticket] for ticket in tickets if ticket in firsts)

    def ticket_scans(self, tickets: set[str]) -> None:
        """The days of all counted scans of the tickets."""
        counted = self.scans.counted.values()
        self.scan_days(scan for scan in counted if scan["ticket_id"] in tickets)

    def reverted_uploads(self, uploads: set[Upload]) -> set[Upload]:
        """The uploads that copies of these uploads revert, or would revert."""
        upload_of = {scan["id"]: key for key, scans in self.scans.copies.items() for scan in scans}
        reverts = (
            scan["reverts_scan_id"] for key in uploads for scan in self.scans.copies.get(key, ())
        )
        return {upload_of[identity] for identity in reverts if identity in upload_of}

    def tickets_of(self, uploads: set[Upload]) -> set[str]:
        """The tickets of all copies of the uploads."""
        copies = (scan for key in uploads for scan in self.scans.copies.get(key, ()))
        return {scan["ticket_id"] for scan in copies if scan["ticket_id"]}

    def inventory(self, identities: Iterable[str]) -> None:
        """In the summary, the day and all later days of the event. Rows held back reach none."""
        for movement in self._known("seating.inventory_movements", identities):
            if movement["event_id"] in self.books["ticketing.events"]:
                day = event_day(self.books, movement["event_id"], movement["occurred_at"])
                self._summary_from(movement["event_id"], day)
                self._section_from((movement["event_id"], movement["section_id"]), day)

    def tickets(self, identities: Iterable[str]) -> None:
        """In the occupancy, the days of issue and end, and all later days of the section."""
        for ticket in self._known("ticketing.tickets", identities):
            if self.books["ticketing.ticket_types"][ticket["ticket_type_id"]]["is_admission"]:
                for day in filter(None, ticket_days(self.books, ticket)):
                    self._section_from((ticket["event_id"], ticket["section_id"]), day)

    def admissions(self, identities: Iterable[str]) -> None:
        """In the occupancy, the day of each admission, and all later days of the section."""
        for ticket in self._known("ticketing.tickets", identities):
            scan = self.scans.first_entries.get(ticket["id"])
            if scan and admits(self.books, scan):
                day = event_day(self.books, scan["event_id"], scan["scanned_at"])
                self._section_from((scan["event_id"], ticket["section_id"]), day)

    def admission_of(self, ticket: str) -> str | None:
        """The scan that admits a ticket, if it is admitted."""
        scan = self.scans.first_entries.get(ticket)
        return scan["id"] if scan and admits(self.books, scan) else None

    def events(self, events: set[str]) -> None:
        """Every day of the events in every table, and all days of their orders."""
        for table in self.tables.keys() - {BREAKS}:
            self.days[table] |= {
                (row["event_id"], row["date"])
                for row in self.tables[table].values()
                if row["event_id"] in events
            }
        orders = self.books["ticketing.orders"].values()
        self.orders(order["id"] for order in orders if order["event_id"] in events)
        self.transactions(
            transaction["id"]
            for transaction in self.books["ledger.transactions"].values()
            if transaction["event_id"] in events
        )

    def organizations(self, organizations: set[str]) -> None:
        """The days of the organisations' transactions without a known event."""
        self.transactions(
            transaction["id"]
            for transaction in self.books["ledger.transactions"].values()
            if transaction["organization_id"] in organizations
            and transaction["event_id"] not in self.books["ticketing.events"]
        )

    def types(self, types: set[str]) -> None:
        """The days of the types' movements, and of the scans of their tickets."""
        self.movements(
            movement["id"]
            for movement in self.books[MOVEMENTS].values()
            if movement["ticket_type_id"] in types
        )
        tickets = self.books["ticketing.tickets"].values()
        of_types = {row["id"] for row in tickets if row["ticket_type_id"] in types}
        self.ticket_scans(of_types)
        self.tickets(of_types)
        self.admissions(of_types)

    def uploads_of(self, identities: Iterable[str]) -> set[Upload]:
        """The uploads of the scans of known events."""
        return {
            upload(scan)
            for scan in self._known("scanning.scans", identities)
            if scan["event_id"] in self.books["ticketing.events"]
        }

    @cached_property
    def _item_events(self) -> dict[str, set[str | None]]:
        """Transaction -> the events that its payout items name."""
        events: dict[str, set[str | None]] = {}
        for item in self.books["ledger.payout_items"].values():
            events.setdefault(item["transaction_id"], set()).add(item["event_id"])
        return events

    @cached_property
    def _taxed_transactions(self) -> set[str]:
        entries = self.books["ledger.entries"].values()
        return {entry["transaction_id"] for entry in entries if entry["component"] == "tax"}

    @cached_property
    def _summary_days(self) -> dict[str, list[date]]:
        days: dict[str, list[date]] = {}
        for row in self.tables[SUMMARY].values():
            days.setdefault(row["event_id"], []).append(row["date"])
        return days

    @cached_property
    def _section_days(self) -> dict[Section, list[date]]:
        days: dict[Section, list[date]] = {}
        for row in self.tables[OCCUPANCY].values():
            days.setdefault((row["event_id"], row["section_id"]), []).append(row["date"])
        return days

    def _section_from(self, section: Section, first: date) -> None:
        later = {day for day in self._section_days.get(section, ()) if day >= first}
        self.days[OCCUPANCY] |= {(section[0], day) for day in {first} | later}

    def _summary_from(self, event_id: str, first: date) -> None:
        later = {day for day in self._summary_days[event_id] if day >= first}
        self.days[SUMMARY] |= {(event_id, day) for day in {first} | later}

    def _known(self, table: str, identities: Iterable[str]) -> list[Row]:
        rows = self.books[table]
        return [rows[identity] for identity in identities if identity in rows]
