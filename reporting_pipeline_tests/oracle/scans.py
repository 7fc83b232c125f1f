"""Which scans stand, which are taken back, and which entry is its ticket's first.

What belongs here: the state of the scans as a whole. What does not: counting them by day
(`attendance`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import Row

Upload = tuple[str, int]
"""A device and its own counter: what all copies of one upload share."""


@dataclass(frozen=True)
class ScanState:
    """The scans of known events; a scan of an unknown event is held back and stands nowhere.

    Attributes:
        standing: Upload -> the copy received first (then least id).
        copies: Upload -> all its copies, the standing one among them.
        reverted: Ids of standing accepted scans that a revert takes back.
        first_entries: Known ticket -> its first accepted entry that is not reverted.
    """

    standing: dict[Upload, Row]
    copies: dict[Upload, list[Row]]
    reverted: set[str]
    first_entries: dict[str, Row]


def scan_state(books: Books) -> ScanState:
    """The state of all scans of the books."""
    events = books["ticketing.events"]
    copies: dict[Upload, list[Row]] = {}
    for scan in books["scanning.scans"].values():
        if scan["event_id"] in events:
            copies.setdefault(upload(scan), []).append(scan)
    standing = {key: min(scans, key=_reception) for key, scans in copies.items()}
    reverted = _reverted(standing, copies)
    entries = (
        scan
        for scan in standing.values()
        if scan["ticket_id"] in books["ticketing.tickets"] and is_entry(scan, reverted)
    )
    return ScanState(standing, copies, reverted, _first_by_ticket(entries))


def upload(scan: Row) -> Upload:
    """What the scan shares with its repeated uploads."""
    return scan["device_id"], scan["device_sequence"]


def is_revert(scan: Row) -> bool:
    """Whether the (standing) scan takes another one back, or would."""
    return scan["outcome"] == "accepted" and scan["reverts_scan_id"] is not None


def is_entry(scan: Row, reverted: set[str]) -> bool:
    """Whether the (standing) scan let someone in and still stands."""
    return scan["direction"] == "entry" and _is_passage(scan, reverted)


def is_exit(scan: Row, reverted: set[str]) -> bool:
    """Whether the (standing) scan let someone out and still stands."""
    return scan["direction"] == "exit" and _is_passage(scan, reverted)


def _is_passage(scan: Row, reverted: set[str]) -> bool:
    return scan["outcome"] == "accepted" and not is_revert(scan) and scan["id"] not in reverted


def _reception(scan: Row) -> tuple[object, ...]:
    return scan["received_at"], scan["id"]


def _reverted(standing: dict[Upload, Row], copies: dict[Upload, list[Row]]) -> set[str]:
    upload_of = {scan["id"]: key for key, scans in copies.items() for scan in scans}
    reverted = set()
    for scan in standing.values():
        if is_revert(scan) and scan["reverts_scan_id"] in upload_of:
            target = standing[upload_of[scan["reverts_scan_id"]]]
            if target["outcome"] == "accepted" and not is_revert(target):
                reverted.add(target["id"])
    return reverted


def _first_by_ticket(entries: Iterable[Row]) -> dict[str, Row]:
    firsts: dict[str, Row] = {}
    for scan in entries:
        first = firsts.setdefault(scan["ticket_id"], scan)
        if _order_of(scan) < _order_of(first):
            firsts[scan["ticket_id"]] = scan
    return firsts


def _order_of(scan: Row) -> tuple[object, ...]:
    return scan["scanned_at"], scan["received_at"], scan["id"]
