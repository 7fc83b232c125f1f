"""Scans at the gates: entries, rejections, re-entries, reverts, offline and repeated uploads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.random_values import (
    HOUR,
    MINUTE,
    Firsts,
    Kinds,
    happens,
    new_id,
    time_between,
)
from reporting_pipeline.samples.generator.sales import Order, Ticket
from reporting_pipeline.samples.generator.world import Event, Role

_ATTENDS_SHARE = 0.89
_LEAVES_FESTIVAL_SHARE = 0.5
_FESTIVAL_EVENING = 8 * HOUR
_FESTIVAL_NIGHT = 9 * HOUR  # after its beginning; then people go home for an hour
_SCANNED_OUT_SHARE = 0.97
_PARKS_SHARE = 0.5
_INVALID_TICKET_SHARE = 0.06
_ENTERS_AGAIN_SHARE = 0.8
_FORGED_SHARE = 0.01
_OFFLINE_SHARE = 0.03
_REPEATED_UPLOAD_SHARE = 0.007
_MISHAP_WEIGHTS = MappingProxyType(
    {"none": 975, "wrong_gate": 8, "wrong_time": 8, "error": 8, "blocked": 1}
)
_SEQUEL_WEIGHTS = MappingProxyType({"none": 923, "shown again": 20, "goes out": 50, "reverted": 7})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """One scan of a barcode; `ticket_id` is None if the barcode is unknown."""

    event: Event
    ticket_id: str | None
    at: datetime
    direction: str = "entry"
    reject_reason: str | None = None
    reverts: str | None = None


class Doors:
    """Scans tickets at the gates of past events; each row is written at once."""

    def __init__(self, plan: Plan, books: BooksWriter, random: Random) -> None:
        self._plan = plan
        self._books = books
        self._random = random
        self._firsts = Firsts()
        self._mishaps = Kinds(_MISHAP_WEIGHTS, every=4)
        self._sequels = Kinds(_SEQUEL_WEIGHTS, every=4)

    def admit(self, order: Order) -> None:
        """Scan the tickets of an order, if its event has taken place."""
        event = order.event
        if not event.gates or event.cancelled_at is not None:
            return
        for ticket in order.tickets:
            for day in ticket.type.days:
                self._arrive(order, ticket, day)
        is_forged = happens(self._random, _FORGED_SHARE)
        if event.ends_at < self._plan.ends_at and (
            is_forged or self._firsts.is_first("forged ticket")
        ):
            at = event.doors_at + time_between(self._random, 0, HOUR)
            self._scan(_Scan(event=event, ticket_id=None, at=at, reject_reason="unknown"))

    def _arrive(self, order: Order, ticket: Ticket, day: int) -> None:
        """Present a ticket on a day of its event, between the doors and the last of the show."""
        event = order.event
        last = _FESTIVAL_EVENING if event.role is Role.FESTIVAL else 2 * HOUR
        arrives_at = max(
            event.doors_at + timedelta(days=day) + time_between(self._random, -5 * MINUTE, last),
            ticket.issued_at + timedelta(minutes=1),
        )
        # Leave time for a revert and another entry before the end.
        if arrives_at + timedelta(hours=1, minutes=50) < min(self._plan.ends_at, event.ends_at):
            self._present(order, ticket, arrives_at)

    def _present(self, order: Order, ticket: Ticket, at: datetime) -> None:
        if ticket.status != "valid":
            is_shown = happens(self._random, _INVALID_TICKET_SHARE)
            if is_shown or self._firsts.is_first("invalid ticket"):
                self._reject(order, ticket, at, "cancelled")
        elif order.status == "pending":
            self._reject(order, ticket, at, "unpaid")
        elif not ticket.type.is_admission:
            is_scanned = ticket.type.component == "addon"
            if is_scanned and happens(self._random, _PARKS_SHARE):
                self._scan(_Scan(event=order.event, ticket_id=ticket.id, at=at))
        elif happens(self._random, _ATTENDS_SHARE):
            self._enter(order, ticket, at)

    def _enter(self, order: Order, ticket: Ticket, at: datetime) -> None:
        """An admission, with a possible rejection before it and possible scans after it."""
        event, ticket_id = order.event, ticket.id
        mishap = self._mishaps.draw(self._random)
        self._mishaps.happened(mishap)
        if mishap != "none":
            self._reject(order, ticket, at, mishap)
            at += time_between(self._random, 30, 10 * MINUTE)
        if mishap == "blocked":
            return
        entry = self._scan(_Scan(event=event, ticket_id=ticket_id, at=at))
        sequel = self._sequel(event)
        if sequel == "shown again":
            self._reject(
                order, ticket, at + time_between(self._random, 5, 5 * MINUTE), "already_used"
            )
        elif sequel == "goes out":
            out_at = at + time_between(self._random, 10 * MINUTE, HOUR)
            back_at = out_at + time_between(self._random, MINUTE, 20 * MINUTE)
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=out_at, direction="exit"))
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=back_at))
        elif sequel == "reverted" and not self._revert(order, ticket, at, entry):
            return
        if event.role is Role.FESTIVAL and happens(self._random, _SCANNED_OUT_SHARE):
            self._go_home(event, ticket, at)

    def _go_home(self, event: Event, ticket: Ticket, at: datetime) -> None:
        """Leave a festival in the night of the day on which the ticket entered."""
        day = (at + timedelta(hours=1) - event.doors_at) // timedelta(days=1)
        night = event.starts_at + timedelta(days=day)
        out_at = night + time_between(
            self._random, _FESTIVAL_NIGHT, _FESTIVAL_NIGHT + HOUR - MINUTE
        )
        self._scan(_Scan(event=event, ticket_id=ticket.id, at=out_at, direction="exit"))

    def _sequel(self, event: Event) -> str:
        sequel = self._sequels.draw(self._random)
        self._sequels.happened(sequel)
        if sequel == "none" and event.role is Role.FESTIVAL:
            return "goes out" if happens(self._random, _LEAVES_FESTIVAL_SHARE) else "none"
        return sequel

    def _revert(self, order: Order, ticket: Ticket, at: datetime, entry: str) -> bool:
        """Revert a scan made by mistake; most guests then enter again: true for them."""
        event, ticket_id = order.event, ticket.id
        back_at = at + time_between(self._random, 5, MINUTE)
        self._scan(_Scan(event=event, ticket_id=ticket_id, at=back_at, reverts=entry))
        enters_again = happens(self._random, _ENTERS_AGAIN_SHARE)
        if enters_again:
            again_at = back_at + time_between(self._random, 10, 20 * MINUTE)
            self._scan(_Scan(event=event, ticket_id=ticket_id, at=again_at))
        return enters_again

    def _reject(self, order: Order, ticket: Ticket, at: datetime, reason: str) -> None:
        self._scan(_Scan(event=order.event, ticket_id=ticket.id, at=at, reject_reason=reason))

    def _scan(self, scan: _Scan) -> str:
        """Write a scan, sometimes with a repeated upload of it; return its id."""
        random = self._random
        gate = random.choice(scan.event.gates)
        device_id = random.choice(list(gate.sequences))
        gate.sequences[device_id] += 1
        is_offline = happens(random, _OFFLINE_SHARE) or self._firsts.is_first("offline")
        lag = (
            time_between(random, 10 * MINUTE, 6 * HOUR)
            if is_offline
            else time_between(random, 0.1, 3)
        )
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
        scan_id = new_id(random)
        self._books.add("scanning.scans", scan_id, *content, received_at, scan.reverts)
        if happens(random, _REPEATED_UPLOAD_SHARE) or self._firsts.is_first("repeated upload"):
            again_at = min(
                received_at + time_between(random, 1, HOUR),
                self._plan.ends_at - timedelta(microseconds=1),
            )
            self._books.add("scanning.scans", new_id(random), *content, again_at, scan.reverts)
        return scan_id
