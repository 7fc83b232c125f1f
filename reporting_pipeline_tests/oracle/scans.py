"""The state of all scans: which copies count, which are reverted, and each ticket's first entry."""

from dataclasses import dataclass
from datetime import date, datetime

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import event_day
from reporting_pipeline_tests.oracle.source_tables import Row

Upload = tuple[str, int, str, str | None, datetime]
"""What all copies of one upload share: device, its counter, event, ticket and time of the scan."""


@dataclass(frozen=True)
class ScanState:
    """The scans of known events; a scan of an unknown event is held back and does not count.

    Attributes:
        counted: Upload -> the copy that counts: received first, then with the smallest id.
        copies: Upload -> all its copies, including the counted one.
        reverted: Ids of counted accepted scans that are reverted.
        first_entries: Known ticket -> its first accepted entry that is not reverted.
        first_of_days: Known ticket and report day -> its first such entry on the day, which is the
            day by the event of the scan.
    """

    counted: dict[Upload, Row]
    copies: dict[Upload, list[Row]]
    reverted: set[str]
    first_entries: dict[str, Row]
    first_of_days: dict[tuple[str, date], Row]


def scan_state(books: Books) -> ScanState:
    """The state of all scans of the books."""
    events = books["ticketing.events"]
    copies: dict[Upload, list[Row]] = {}
    for scan in books["scanning.scans"].values():
        if scan["event_id"] in events:
            copies.setdefault(upload(scan), []).append(scan)
    counted = {key: min(scans, key=_reception) for key, scans in copies.items()}
    reverted = _reverted(counted, copies)
    entries = sorted(
        (
            scan
            for scan in counted.values()
            if scan["ticket_id"] in books["ticketing.tickets"] and is_entry(scan, reverted)
        ),
        key=_order_of,
    )
    first_entries: dict[str, Row] = {}
    first_of_days: dict[tuple[str, date], Row] = {}
    for scan in entries:
        first_entries.setdefault(scan["ticket_id"], scan)
        day = event_day(books, scan["event_id"], scan["scanned_at"])
        first_of_days.setdefault((scan["ticket_id"], day), scan)
    return ScanState(counted, copies, reverted, first_entries, first_of_days)


def upload(scan: Row) -> Upload:
    """The upload of the scan, which its repeated uploads share."""
    return (
        scan["device_id"],
        scan["device_sequence"],
        scan["event_id"],
        scan["ticket_id"],
        scan["scanned_at"],
    )


def is_revert(scan: Row) -> bool:
    """True if the (counted) scan reverts another scan, or would revert it."""
    return scan["outcome"] == "accepted" and scan["reverts_scan_id"] is not None


def is_entry(scan: Row, reverted: set[str]) -> bool:
    """True if the (counted) scan is an entry that is not reverted."""
    return scan["direction"] == "entry" and _is_passage(scan, reverted)


def is_exit(scan: Row, reverted: set[str]) -> bool:
    """True if the (counted) scan is an exit that is not reverted."""
    return scan["direction"] == "exit" and _is_passage(scan, reverted)


def _is_passage(scan: Row, reverted: set[str]) -> bool:
    return scan["outcome"] == "accepted" and not is_revert(scan) and scan["id"] not in reverted


def _reception(scan: Row) -> tuple[object, ...]:
    return scan["received_at"], scan["id"]


def _reverted(counted: dict[Upload, Row], copies: dict[Upload, list[Row]]) -> set[str]:
    upload_of = {scan["id"]: key for key, scans in copies.items() for scan in scans}
    reverted = set()
    for scan in counted.values():
        if is_revert(scan) and scan["reverts_scan_id"] in upload_of:
            target = counted[upload_of[scan["reverts_scan_id"]]]
            if target["outcome"] == "accepted" and not is_revert(target):
                reverted.add(target["id"])
    return reverted


def _order_of(scan: Row) -> tuple[object, ...]:
    return scan["scanned_at"], scan["received_at"], scan["id"]
