"""The doors: entries, rejections, re-entries, reverts, offline devices and repeated uploads.

What belongs here: scans. What does not: who holds a ticket (`sales`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from reporting_pipeline.samples.generator.chance import HOUR, MINUTE, drawn, happens, new_id, within
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.sales import Order, Ticket
from reporting_pipeline.samples.generator.world import Event
from reporting_pipeline.samples.generator.write import Books

_ATTENDS_SHARE = 0.89
_PARKS_SHARE = 0.5
_COMES_WITH_INVALID_SHARE = 0.06
_COMES_IN_AFTER_ALL_SHARE = 0.8
_FORGED_SHARE = 0.01
_OFFLINE_SHARE = 0.03
_REPEATED_UPLOAD_SHARE = 0.007
_MISHAP_WEIGHTS = MappingProxyType(
    {"none": 975, "wrong_gate": 8, "wrong_time": 8, "error": 8, "blocked": 1}
)
_SEQUEL_WEIGHTS = MappingProxyType({"none": 923, "shown again": 20, "goes out": 50, "reverted": 7})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """One reading of a barcode; `ticket_id` is None where nobody knows it."""

    event: Event
    ticket_id: str | None
    at: datetime
    direction: str = "entry"
    reject_reason: str | None = None
    reverts: str | None = None


class Doors:
    """Scans what comes to the gates of events that have taken place; rows are written at once."""

    def __init__(self, plan: Plan, books: Books, chance: Random) -> None:
        self._plan = plan
        self._books = books
        self._chance = chance

    def admit(self, order: Order) -> None:
        """Scan the tickets of an order whose event took place."""
        event = order.event
        if not event.gates or event.cancelled_at is not None:
            return
        for ticket in order.tickets:
            arrives_at = max(
                event.doors_at + within(self._chance, -5 * MINUTE, 2 * HOUR),
                ticket.issued_at + timedelta(minutes=1),
            )
            # Time for a revert and a further entry, so that no story is cut in two.
            if arrives_at + timedelta(hours=1, minutes=50) < min(self._plan.ends_at, event.ends_at):
                self._present(order, ticket, arrives_at)
        if happens(self._chance, _FORGED_SHARE) and event.ends_at < self._plan.ends_at:
            at = event.doors_at + within(self._chance, 0, HOUR)
            self._scan(_Scan(event=event, ticket_id=None, at=at, reject_reason="unknown"))

    def _present(self, order: Order, ticket: Ticket, at: datetime) -> None:
        if ticket.status != "valid":
            if happens(self._chance, _COMES_WITH_INVALID_SHARE):
                self._reject(order, ticket, at, "cancelled")
        elif order.status == "pending":
            self._reject(order, ticket, at, "unpaid")
        elif not ticket.type.is_admission:
            if happens(self._chance, _PARKS_SHARE):
                self._scan(_Scan(event=order.event, ticket_id=ticket.id, at=at))
        elif happens(self._chance, _ATTENDS_SHARE):
            self._enter(order, ticket, at)

    def _enter(self, order: Order, ticket: Ticket, at: datetime) -> None:
        """An admission, with what may go wrong before it and what may follow."""
        event, ticket_id = order.event, ticket.id
        mishap = drawn(self._chance, _MISHAP_WEIGHTS)
        if mishap != "none":
            self._reject(order, ticket, at, mishap)
            at += within(self._chance, 30, 10 * MINUTE)
        if mishap == "blocked":
            return
        entry = self._scan(_Scan(event=event, ticket_id=ticket_id, at=at))
        sequel = drawn(self._chance, _SEQUEL_WEIGHTS)
        if sequel == "shown again":
            self._reject(order, ticket, at + within(self._chance, 5, 5 * MINUTE), "already_used")
        elif sequel == "goes out":
            out_at = at + within(self._chance, 10 * MINUTE, HOUR)
            back_at = out_at + within(self._chance, MINUTE, 20 * MINUTE)
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=out_at, direction="exit"))
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=back_at))
        elif sequel == "reverted":
            self._revert(order, ticket, at, entry)

    def _revert(self, order: Order, ticket: Ticket, at: datetime, entry: str) -> None:
        """A wrong tap is taken back; mostly the guest comes in after all."""
        event, ticket_id = order.event, ticket.id
        back_at = at + within(self._chance, 5, MINUTE)
        self._scan(_Scan(event=event, ticket_id=ticket_id, at=back_at, reverts=entry))
        if happens(self._chance, _COMES_IN_AFTER_ALL_SHARE):
            again_at = back_at + within(self._chance, 10, 20 * MINUTE)
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=again_at))

    def _reject(self, order: Order, ticket: Ticket, at: datetime, reason: str) -> None:
        self._scan(_Scan(event=order.event, ticket_id=ticket.id, at=at, reject_reason=reason))

    def _scan(self, scan: _Scan) -> str:
        """Write a scan, now and then a repeated upload of it; returns its id."""
        chance = self._chance
        gate = chance.choice(scan.event.gates)
        device_id = chance.choice(list(gate.sequences))
        gate.sequences[device_id] += 1
        is_offline = happens(chance, _OFFLINE_SHARE)
        lag = within(chance, 10 * MINUTE, 6 * HOUR) if is_offline else within(chance, 0.1, 3)
        received_at = min(scan.at + lag, self._plan.ends_at - timedelta(microseconds=1))
        content = (
            scan.event.id,
            gate.id,
            device_id,
            gate.sequences[device_id],
            scan.ticket_id,
            scan.direction,
            "accepted" if scan.reject_reason is None else "rejected",
            scan.reject_reason,
            "true" if is_offline else "false",
            scan.at,
        )
        scan_id = new_id(chance)
        self._books.add("scanning.scans", scan_id, *content, received_at, scan.reverts)
        if happens(chance, _REPEATED_UPLOAD_SHARE):
            again_at = min(
                received_at + within(chance, 1, HOUR),
                self._plan.ends_at - timedelta(microseconds=1),
            )
            self._books.add("scanning.scans", new_id(chance), *content, again_at, scan.reverts)
        return scan_id
