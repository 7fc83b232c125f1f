"""The seating and scanning parts of random books: seats, gates and scans."""

from datetime import timedelta
from typing import Any, Final

from reporting_pipeline_tests.oracle.draft import Draft
from reporting_pipeline_tests.oracle.source_tables import Row

_REASONS: Final = (
    "already_used",
    "unknown",
    "cancelled",
    "unpaid",
    "wrong_gate",
    "wrong_time",
    "blocked",
    "error",
)
_RECEPTIONS: Final = (
    timedelta(0),
    timedelta(seconds=-30),  # the device's clock is ahead
    timedelta(minutes=2),
    timedelta(minutes=2, microseconds=1),
    timedelta(minutes=14),
    timedelta(hours=30),
)
_UNKNOWN_EVENTS: Final = 0.12


def add_sections(draft: Draft) -> None:
    """A venue with sections."""
    venue = draft.add("seating.venues", name="Hall", city="Here", country="DE")
    for name in ("Stalls", "Balcony")[: draft.rng.randint(1, 2)]:
        draft.add("seating.sections", venue_id=venue["id"], name=name, is_seated=True)


def add_seats(draft: Draft) -> None:
    """Movements of seats of known and unknown events."""
    for _ in range(draft.rng.randint(0, draft.size)):
        draft.add(
            "seating.inventory_movements",
            event_id=draft.known_or_stranger("ticketing.events", _UNKNOWN_EVENTS),
            section_id=draft.pick(draft.rows("seating.sections"))["id"],
            kind=draft.pick(("capacity", "capacity", "hold", "kill")),
            quantity=draft.pick((-2, -1, 0, 1, 3, 7, 10)),
            occurred_at=draft.instant(),
        )


def add_scans(draft: Draft) -> None:
    """Gates and scans: repeated uploads, reverts, exits, unknown tickets and events."""
    for number in range(draft.rng.randint(1, 3)):
        event_id = draft.known_or_stranger("ticketing.events", _UNKNOWN_EVENTS)
        draft.add("scanning.gates", event_id=event_id, name=f"Gate {number}")
    devices = [f"0000000f-0000-4000-8000-{number:012x}" for number in (1, 2)]
    for _ in range(draft.rng.randint(0, 2 * draft.size)):
        _add_scan(draft, devices)


def _add_scan(draft: Draft, devices: list[str]) -> None:
    """A scan, a copy of an earlier scan, or another scan with the same number."""
    scans = draft.rows("scanning.scans")
    scan = _scan(draft, devices)
    if scans and draft.chance(0.3):
        original = draft.pick(scans)
        if draft.chance(0.3):  # not a copy: the device's counter has begun again
            scan |= {name: original[name] for name in ("device_id", "device_sequence")}
        else:
            scan = _without_id(original)
        shift = draft.pick((0, 0, 1, 60, 600, 900, -600))
        scan["received_at"] = original["received_at"] + timedelta(seconds=shift)
    draft.add("scanning.scans", **scan)
    if draft.chance(0.05):
        scans[-1]["reverts_scan_id"] = scans[-1]["id"]


def _without_id(scan: Row) -> Row:
    return {name: value for name, value in scan.items() if name != "id"}


def _scan(draft: Draft, devices: list[str]) -> dict[str, Any]:
    gate = draft.pick(draft.rows("scanning.gates"))
    event_id = gate["event_id"]
    if draft.chance(0.2):
        event_id = draft.known_or_stranger("ticketing.events", _UNKNOWN_EVENTS)
    scanned_at = draft.instant()
    is_rejected = draft.chance(0.2)
    return {
        "event_id": event_id,
        "gate_id": gate["id"],
        "device_id": draft.pick(devices),
        "device_sequence": draft.rng.randint(1, 4 * draft.size + 1),
        "ticket_id": _ticket_id(draft),
        "direction": "exit" if draft.chance(0.2) else "entry",
        "outcome": "rejected" if is_rejected else "accepted",
        "reject_reason": draft.pick(_REASONS) if is_rejected else None,
        "is_offline": draft.chance(0.2),
        "scanned_at": scanned_at,
        "received_at": scanned_at + draft.pick(_RECEPTIONS),
        "reverts_scan_id": _reverts(draft),
    }


def _ticket_id(draft: Draft) -> str | None:
    if draft.chance(0.1):
        return None
    tickets = draft.rows("ticketing.tickets")
    if tickets and draft.chance(0.5):
        return str(tickets[0]["id"])  # so that one ticket has many scans
    return draft.known_or_stranger("ticketing.tickets", 0.1)


def _reverts(draft: Draft) -> str | None:
    if draft.chance(0.75):
        return None
    return draft.known_or_stranger("scanning.scans", 0.1)
