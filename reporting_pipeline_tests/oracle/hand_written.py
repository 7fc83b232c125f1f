"""Small books written by hand, for tests that show their arithmetic.

Each call adds a row; columns that the test does not set have default values.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, Row, record_clock

NOON: Final = datetime(2025, 3, 3, 12, tzinfo=UTC)
"""The default business clock: Monday, 3 March 2025."""

HALL: Final = "hall"
RIVAL: Final = "rival"
SHOW: Final = "show"
OTHER_SHOW: Final = "other show"
SEAT: Final = "seat"
PARKING: Final = "parking"
ORDER: Final = "order"
TICKET: Final = "ticket"
GATE: Final = "gate"


class HandWritten:
    """Builds books by hand; ids are words, and every method returns the id of its row.

    There are two organisations (HALL and RIVAL, in UTC), two events of HALL in EUR that end on
    4 March (SHOW and OTHER_SHOW), the types SEAT and PARKING of SHOW, one paid ORDER, its
    TICKET of type SEAT, and a GATE.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._accounts: dict[tuple[str, str, str], str] = {}
        for organization in (HALL, RIVAL):
            self.add("ticketing.organizations", id=organization, timezone="UTC", currency="EUR")
        for event in (SHOW, OTHER_SHOW):
            self.event(event)
        self.add("ticketing.ticket_types", id=SEAT, event_id=SHOW, is_admission=True)
        self.add("ticketing.ticket_types", id=PARKING, event_id=SHOW, is_admission=False)
        self.order(ORDER)
        self.ticket(TICKET)
        self.add("scanning.gates", id=GATE, event_id=SHOW)

    def books(self) -> Books:
        """The books so far."""
        return Books.of(self._rows)

    def add(self, table: str, **values: Any) -> str:
        """Add a row; other columns are null, and its record clock is NOON."""
        row: Row = dict.fromkeys(COLUMNS[table]) | {record_clock(table): NOON}
        row |= {"id": f"{table.split('.')[1][:-1]} {len(self._rows[table]) + 1}"} | values
        assert row.keys() == COLUMNS[table].keys(), f"{table} has no such column: {values}"
        self._rows[table].append(row)
        return str(row["id"])

    def event(self, event_id: str, **values: Any) -> str:
        """Add an event of HALL in EUR and UTC, ending on 4 March 2025."""
        defaults = {
            "organization_id": HALL,
            "timezone": "UTC",
            "day_cutoff": time(0),
            "currency": "EUR",
            "ends_at": NOON + timedelta(days=1),
        }
        return self.add("ticketing.events", **(defaults | {"id": event_id} | values))

    def order(self, order_id: str, **values: Any) -> str:
        """Add a paid web order of SHOW in EUR."""
        defaults = {
            "organization_id": HALL,
            "event_id": SHOW,
            "channel": "web",
            "status": "paid",
            "currency": "EUR",
        }
        return self.add("ticketing.orders", **(defaults | {"id": order_id} | values))

    def ticket(self, ticket_id: str, **values: Any) -> str:
        """Add a ticket of type SEAT on ORDER, issued at NOON."""
        defaults = {
            "order_id": ORDER,
            "event_id": SHOW,
            "ticket_type_id": SEAT,
            "is_comp": False,
            "status": "valid",
            "issued_at": NOON,
        }
        return self.add("ticketing.tickets", **(defaults | {"id": ticket_id} | values))

    def movement(self, reason: str, quantity: int, list_minor: int = 0, **values: Any) -> str:
        """Add a movement of line 1 of ORDER at NOON, without discount, fee and tax."""
        defaults = {
            "order_id": ORDER,
            "line_no": 1,
            "ticket_type_id": SEAT,
            "reason": reason,
            "quantity": quantity,
            "list_minor": list_minor,
            "discount_minor": 0,
            "fee_minor": 0,
            "tax_minor": 0,
            "occurred_at": NOON,
        }
        return self.add("ticketing.order_line_movements", **(defaults | values))

    def scan(self, device_sequence: int, **values: Any) -> str:
        """Add an accepted entry of TICKET at NOON, received immediately."""
        scanned_at = values.get("scanned_at", NOON)
        defaults = {
            "event_id": SHOW,
            "gate_id": GATE,
            "device_id": "device",
            "device_sequence": device_sequence,
            "ticket_id": TICKET,
            "direction": "entry",
            "outcome": "accepted",
            "is_offline": False,
            "scanned_at": scanned_at,
            "received_at": scanned_at,
        }
        return self.add("scanning.scans", **(defaults | values))

    def transaction(self, kind: str, *legs: str, **values: Any) -> str:
        """Add a transaction of HALL, SHOW and ORDER at NOON with its entries.

        Args:
            kind: The transaction's kind.
            legs: Entries as text: `credit organizer_payable face_value 1000 EUR`; of tax also with
                jurisdiction, rate and taxable amount: `... tax 190 EUR DE 0.19 1000`.
            values: Other columns of the transaction.
        """
        defaults = {
            "organization_id": HALL,
            "event_id": SHOW,
            "order_id": ORDER,
            "kind": kind,
            "effective_at": NOON,
        }
        transaction = defaults | values
        transaction_id = self.add("ledger.transactions", **transaction)
        for leg in legs:
            direction, account, component, amount, currency, *taxed = leg.split()
            jurisdiction, rate, taxable = taxed or (None, None, None)
            self.add(
                "ledger.entries",
                transaction_id=transaction_id,
                account_id=self._account(str(transaction["organization_id"]), account, currency),
                direction=direction,
                component=component,
                amount_minor=int(amount),
                currency=currency,
                tax_jurisdiction=jurisdiction,
                tax_rate=rate and Decimal(rate),
                taxable_minor=taxable and int(taxable),
            )
        return transaction_id

    def item(
        self, transaction_id: str, event_id: str, amount_minor: int, currency: str = "EUR"
    ) -> str:
        """Add a payout item."""
        return self.add(
            "ledger.payout_items",
            transaction_id=transaction_id,
            event_id=event_id,
            amount_minor=amount_minor,
            currency=currency,
        )

    def charge(self, amount_minor: int, currency: str = "EUR", **values: Any) -> str:
        """Add a sale that charges the face value `amount_minor`, paid at once."""
        return self.transaction(
            "sale",
            f"debit psp_clearing cash {amount_minor} {currency}",
            f"credit organizer_payable face_value {amount_minor} {currency}",
            **values,
        )

    def _account(self, organization_id: str, kind: str, currency: str) -> str:
        key = (organization_id, kind, currency)
        if key not in self._accounts:
            self._accounts[key] = self.add(
                "ledger.accounts", organization_id=organization_id, kind=kind, currency=currency
            )
        return self._accounts[key]


def days_later(days: int) -> datetime:
    """NOON, a number of days later."""
    return NOON + timedelta(days=days)
