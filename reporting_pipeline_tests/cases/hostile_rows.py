"""Rows that no sane source writes, one of each kind, all of one organisation.

A source promises types and constraints; a view, a dropped constraint or a wrong device gives rows
like these. Each may concern the organisation that it belongs to, and no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
_BIGINT_MIN, _BIGINT_MAX = -(2**63), 2**63 - 1
_GREATEST_MINOR = 10**17


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileRow:
    """One row, as what it differs in from a right row of its table.

    Attributes:
        kind: A name for people.
        table: `<schema>.<table>` of the source.
        values: Column -> text of its value; an id in it is a word.
        is_set_aside: It cannot be used, so landing keeps it as a finding.
    """

    kind: str
    table: str
    values: Mapping[str, object]
    is_set_aside: bool = True


def _row(kind: str, table: str, /, *, is_used: bool = False, **values: object) -> HostileRow:
    return HostileRow(kind=kind, table=table, values=values, is_set_aside=not is_used)


ORGANIZATIONS = (
    _row("a zone of the machine", "ticketing.organizations", timezone="localtime"),
    _row("a POSIX zone", "ticketing.organizations", timezone="posix/Europe/Berlin"),
    _row("a zone with leap seconds", "ticketing.organizations", timezone="right/Europe/Berlin"),
    _row("an empty zone", "ticketing.organizations", timezone=""),
    _row("an offset as zone", "ticketing.organizations", timezone="+02:00"),
    _row("a blank currency", "ticketing.organizations", currency=""),
    _row("a clock at the end of time", "ticketing.organizations", updated_at="infinity"),
    _row("a name of 1 MB", "ticketing.organizations", name="x" * 2**20, is_used=True),
    _row("an empty name", "ticketing.organizations", name="", is_used=True),
)
EVENTS = (
    _row("an event of a zone of the machine", "ticketing.events", timezone="posixrules"),
    _row("an event of another planet", "ticketing.events", timezone="Mars/Olympus"),
    _row("an event that begins never", "ticketing.events", starts_at="-infinity"),
    _row("an event before our era", "ticketing.events", starts_at="0044-03-15 12:00+00 BC"),
    _row("doors in the year 52000", "ticketing.events", doors_at="52000-01-01Z"),
    _row("an event without a name", "ticketing.events", name=None),
    _row("an event without an organisation", "ticketing.events", organization_id=None),
    _row("an event of unknown status", "ticketing.events", status=""),
    _row("a currency of two letters", "ticketing.events", currency="EU"),
    _row("a lower-case currency", "ticketing.events", currency="eur"),
    _row("no end", "ticketing.events", ends_at="9999-12-31 23:59:59Z", is_used=True),
    _row("no end at all", "ticketing.events", ends_at="infinity", is_used=True),
    _row("an end before the start", "ticketing.events", ends_at="2001-01-01Z", is_used=True),
    _row("an end in the year 1", "ticketing.events", ends_at="0001-01-04Z", is_used=True),
    _row("a cutoff of a whole day", "ticketing.events", day_cutoff="24:00", is_used=True),
    _row("an abbreviation as zone", "ticketing.events", timezone="MET", is_used=True),
    _row("a venue that is not known", "ticketing.events", venue_id="no venue", is_used=True),
    _row("a name of a page", "ticketing.events", name='=cmd|"/c calc"!A0\n' * 60_000, is_used=True),
)
SALES = (
    _row("a ticket type without a name", "ticketing.ticket_types", name=None),
    _row("a ticket type of no kind", "ticketing.ticket_types", is_admission=None),
    _row("a type of no event", "ticketing.ticket_types", event_id="no event", is_used=True),
    _row("an order of less than nothing", "ticketing.orders", total_minor=-1),
    _row("an order of everything", "ticketing.orders", total_minor=_BIGINT_MAX),
    _row("an order without a channel", "ticketing.orders", channel=""),
    _row("an order in no currency", "ticketing.orders", currency="   "),
    _row("an order that is placed never", "ticketing.orders", placed_at="infinity"),
    _row("an order paid in the year 52000", "ticketing.orders", paid_at="52000-01-01Z"),
    _row("an order of no event", "ticketing.orders", event_id="no event", is_used=True),
    _row("an order of nobody", "ticketing.orders", organization_id="nobody", is_used=True),
    _row("a movement of line 0", "ticketing.order_line_movements", line_no=0),
    _row("a movement for no reason", "ticketing.order_line_movements", reason=""),
    _row("units on the year 52000", "ticketing.order_line_movements", occurred_at="52000-01-01Z"),
    _row("units before our era", "ticketing.order_line_movements", occurred_at="0044-03-15 BC"),
    _row("a sale of less than nothing", "ticketing.order_line_movements", quantity=-1),
    _row(
        "the greatest return",
        "ticketing.order_line_movements",
        reason="refund",
        quantity=_INT_MIN,
        list_minor=-1,
    ),
    _row("the greatest sale", "ticketing.order_line_movements", list_minor=_BIGINT_MAX),
    _row(
        "the greatest discount",
        "ticketing.order_line_movements",
        reason="refund",
        quantity=-1,
        list_minor=_BIGINT_MIN,
        discount_minor=_BIGINT_MIN,
    ),
    _row(
        "fees of both signs",
        "ticketing.order_line_movements",
        reason="fee",
        quantity=0,
        list_minor=0,
        fee_minor=_BIGINT_MAX,
        tax_minor=_BIGINT_MIN,
    ),
    _row(
        "all units that fit",
        "ticketing.order_line_movements",
        quantity=_INT_MAX,
        list_minor=_GREATEST_MINOR,
        is_used=True,
    ),
    _row("units of no order", "ticketing.order_line_movements", order_id="no order", is_used=True),
    _row("units of no type", "ticketing.order_line_movements", ticket_type_id="none", is_used=True),
    _row("a ticket of no status", "ticketing.tickets", status=""),
    _row("a ticket that is issued never", "ticketing.tickets", issued_at="infinity"),
    _row("a ticket that ended before", "ticketing.tickets", invalidated_at="-infinity"),
    _row("a ticket of no event", "ticketing.tickets", event_id="no event", is_used=True),
    _row("a ticket of no type", "ticketing.tickets", ticket_type_id="no type", is_used=True),
    _row("a ticket of no order", "ticketing.tickets", order_id="no order", is_used=True),
)
SEATS_AND_SCANS = (
    _row("a venue without a name", "seating.venues", name=None),
    _row("a venue nowhere", "seating.venues", country="", is_used=True),
    _row("a section of no venue", "seating.sections", venue_id="no venue", is_used=True),
    _row("seats of no kind", "seating.inventory_movements", kind=""),
    _row("all seats taken away", "seating.inventory_movements", quantity=_INT_MIN),
    _row("seats before our era", "seating.inventory_movements", occurred_at="0044-03-15 BC"),
    _row("all seats", "seating.inventory_movements", quantity=_INT_MAX, is_used=True),
    _row("fewer seats than none", "seating.inventory_movements", quantity=-_INT_MAX, is_used=True),
    _row("seats of no event", "seating.inventory_movements", event_id="no event", is_used=True),
    _row("a gate at the end of time", "scanning.gates", updated_at="infinity"),
    _row("a scan in the year 52000", "scanning.scans", scanned_at="52000-01-01Z"),
    _row("a scan before our era", "scanning.scans", scanned_at="0044-03-15 BC"),
    _row("a scan at no time", "scanning.scans", scanned_at=None),
    _row("a scan that came never", "scanning.scans", received_at="-infinity"),
    _row("a scan in no direction", "scanning.scans", direction=""),
    _row("a rejection for no reason", "scanning.scans", outcome="rejected"),
    _row(
        "a scan that takes itself back",
        "scanning.scans",
        id="itself",
        reverts_scan_id="itself",
        is_used=True,
    ),
    _row("one of a circle", "scanning.scans", id="one", reverts_scan_id="other", is_used=True),
    _row("other of a circle", "scanning.scans", id="other", reverts_scan_id="one", is_used=True),
    _row("the last number", "scanning.scans", device_sequence=_BIGINT_MAX, is_used=True),
    _row("the number before all", "scanning.scans", device_sequence=_BIGINT_MIN, is_used=True),
    _row("a gate that is not known", "scanning.scans", gate_id="no gate", is_used=True),
    _row("an event that is not known", "scanning.scans", event_id="no event", is_used=True),
    _row("a scan to come", "scanning.scans", received_at="2063-04-05Z", is_used=True),
    _row("a scan of the year 1", "scanning.scans", scanned_at="0001-01-04Z", is_used=True),
    _row("a scan of the year 9998", "scanning.scans", scanned_at="9998-12-30Z", is_used=True),
)
LEDGER = (
    _row("an account of no kind", "ledger.accounts", kind=""),
    _row("an account in no currency", "ledger.accounts", currency="E U"),
    _row("an account of no time", "ledger.accounts", recorded_at="infinity"),
    _row("a transaction of no kind", "ledger.transactions", kind=""),
    _row("a transaction in 52000", "ledger.transactions", effective_at="52000-01-01Z"),
    _row("a transaction at no time", "ledger.transactions", effective_at="infinity"),
    _row("money before our era", "ledger.transactions", effective_at="0044-03-15 BC"),
    _row(
        "a transaction that reverses itself",
        "ledger.transactions",
        id="loop",
        reverses_transaction_id="loop",
        is_used=True,
    ),
    _row("money of no event", "ledger.transactions", event_id="no event", is_used=True),
    _row("an amount of nothing", "ledger.entries", amount_minor=0),
    _row("an amount below nothing", "ledger.entries", amount_minor=_BIGINT_MIN),
    _row("half of all amounts", "ledger.entries", amount_minor=6 * 10**18),
    _row("the other half", "ledger.entries", amount_minor=6 * 10**18),
    _row("an amount of everything", "ledger.entries", amount_minor=_BIGINT_MAX),
    _row("an amount in no currency", "ledger.entries", currency=""),
    _row("an entry in no direction", "ledger.entries", direction="up"),
    _row("a rate that is no number", "ledger.entries", component="tax", tax_rate="NaN"),
    _row("a rate below 0", "ledger.entries", component="tax", tax_rate="-0.1"),
    _row("a base of everything", "ledger.entries", component="tax", taxable_minor=_BIGINT_MAX),
    _row(
        "a jurisdiction of a book",
        "ledger.entries",
        component="tax",
        tax_jurisdiction="".join(chr(0x4E00 + n * 7 % 20_000) for n in range(9_000)),
    ),
    _row(
        "the greatest rate", "ledger.entries", component="tax", tax_rate="999.999999", is_used=True
    ),
    _row("an entry of nothing", "ledger.entries", transaction_id="no transaction", is_used=True),
    _row("an entry of no account", "ledger.entries", account_id="no account", is_used=True),
    _row("an item of nothing", "ledger.payout_items", amount_minor=0),
    _row("an item of no currency", "ledger.payout_items", currency="12€"),
    _row("an item of no payout", "ledger.payout_items", transaction_id="nothing", is_used=True),
    _row("an item of no event", "ledger.payout_items", event_id="no event", is_used=True),
)
HOSTILE_ROWS = (*ORGANIZATIONS, *EVENTS, *SALES, *SEATS_AND_SCANS, *LEDGER)
