"""Books of two organisations, with rows of each that refer to rows of the other.

Every name, reference and place of an organisation is a word that occurs nowhere else, so that a
search for the word finds every path on which it gets into what another organisation reads.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from reporting_pipeline_tests.acceptance.paper_books import books_of, id_of
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    RIVAL,
    HandWritten,
)

CASE: Final = "two organisations"
ORGANIZATIONS: Final = {HALL: id_of(CASE, HALL), RIVAL: id_of(CASE, RIVAL)}
"""The organisations by their word in the books."""

BOTH: Final = "both"
"""Owner of the names of an event that changed hands."""

NOON: Final = datetime(2025, 3, 3, 12, tzinfo=UTC)

_OF_RIVAL: Final = "rival "
_NAMED: Final = (
    *("ticketing.organizations", "ticketing.event_series", "ticketing.events"),
    *("ticketing.ticket_types", "seating.venues", "seating.sections", "scanning.gates"),
)


def _own(draft: HandWritten, organization: str) -> dict[str, str]:
    """Give an organisation one row of every kind; the ids of its rows by kind."""
    mark = "" if organization == HALL else _OF_RIVAL
    venue, section, series = (f"{mark}{each}" for each in ("place", "stalls", "tour"))
    draft.add("ticketing.event_series", id=series, organization_id=organization)
    draft.add("seating.venues", id=venue)
    draft.add("seating.sections", id=section, venue_id=venue)
    event = draft.event(
        f"{mark}gala", organization_id=organization, venue_id=venue, series_id=series
    )
    draft.add("ticketing.ticket_types", id=f"{mark}gala seat", event_id=event, is_admission=True)
    seat = f"{mark}gala seat"
    order = draft.order(
        f"{mark}gala order", organization_id=organization, event_id=event, paid_at=NOON
    )
    draft.movement("sale", 3, 3000, order_id=order, ticket_type_id=seat)
    of_ticket = {"order_id": order, "event_id": event, "ticket_type_id": seat}
    ticket = draft.ticket(f"{mark}gala ticket", section_id=section, **of_ticket)
    gate = draft.add("scanning.gates", id=f"{mark}gala gate", event_id=event)
    of_scan = {"event_id": event, "gate_id": gate, "device_id": f"{mark}device"}
    scan = draft.scan(1, id=f"{mark}gala scan", ticket_id=ticket, **of_scan)
    draft.add(
        "seating.inventory_movements",
        id=f"{mark}seats",
        event_id=event,
        section_id=section,
        kind="capacity",
        quantity=50,
        occurred_at=NOON,
    )
    of_order = {"organization_id": organization, "event_id": event, "order_id": order}
    sale = draft.transaction(
        "sale",
        "debit psp_clearing cash 3190 EUR",
        "credit organizer_payable face_value 3000 EUR",
        "credit tax_payable tax 190 EUR DE 0.19 1000",
        **of_order,
    )
    payout: dict[str, Any] = {"organization_id": organization, "event_id": None, "order_id": None}
    paid = draft.transaction(
        *("payout", "debit organizer_payable payout 700 EUR", "credit bank payout 700 EUR"),
        reference=f"{mark}transfer",
        **payout,
    )
    draft.item(paid, event, 500)
    return {
        "organization": organization,
        "event": event,
        "order": order,
        "ticket": ticket,
        "seat": seat,
        "gate": gate,
        "scan": scan,
        "section": section,
        "series": series,
        "sale": sale,
        "mark": mark,
    }


def _hand_over(draft: HandWritten) -> None:
    """An event that HALL sold before RIVAL got it."""
    event = draft.event("handed over", organization_id=RIVAL)
    seat = draft.add(
        "ticketing.ticket_types", id="handed over seat", event_id=event, is_admission=True
    )
    for organization in (HALL, RIVAL):
        mark = "" if organization == HALL else _OF_RIVAL
        order = draft.order(
            f"{mark}handed over order", organization_id=organization, event_id=event, paid_at=NOON
        )
        draft.movement("sale", 1, 1000, order_id=order, ticket_type_id=seat)
        draft.charge(1000, organization_id=organization, event_id=event, order_id=order)


_Ids = Mapping[str, str]
_Refer = Callable[[HandWritten, _Ids, _Ids], None]


def _order_on_event(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    order = draft.order(
        f"{own['mark']}lost order",
        organization_id=own["organization"],
        event_id=other["event"],
    )
    draft.movement("sale", 2, 2200, order_id=order, ticket_type_id=own["seat"])


def _line_of_type(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.movement("sale", 1, 900, order_id=own["order"], line_no=2, ticket_type_id=other["seat"])


def _ticket_of_type(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.ticket(
        f"{own['mark']}ticket of type",
        order_id=own["order"],
        event_id=own["event"],
        ticket_type_id=other["seat"],
    )


def _ticket_of_order(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.ticket(
        f"{own['mark']}ticket of order",
        order_id=other["order"],
        event_id=own["event"],
        ticket_type_id=own["seat"],
    )


def _ticket_in_section(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.ticket(
        f"{own['mark']}ticket in section",
        order_id=own["order"],
        event_id=own["event"],
        ticket_type_id=own["seat"],
        section_id=other["section"],
    )


def _seats_of_section(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.add(
        "seating.inventory_movements",
        id=f"{own['mark']}lost seats",
        event_id=own["event"],
        section_id=other["section"],
        kind="hold",
        quantity=5,
        occurred_at=NOON,
    )


def _scan(draft: HandWritten, own: _Ids, number: int, minutes: int, **values: Any) -> None:
    draft.scan(
        number,
        id=f"{own['mark']}lost scan {number}",
        device_id=f"{own['mark']}device",
        scanned_at=NOON + timedelta(minutes=minutes),
        **({"event_id": own["event"], "gate_id": own["gate"], "ticket_id": None} | values),
    )


def _scan_of_ticket(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    _scan(draft, own, 11, -30, ticket_id=other["ticket"])


def _scan_at_gate(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    _scan(draft, own, 12, 10, ticket_id=own["ticket"], gate_id=other["gate"])


def _scan_that_reverts(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    _scan(draft, own, 13, 20, ticket_id=own["ticket"], reverts_scan_id=other["scan"])


def _money_on_event(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    of_event = {"organization_id": own["organization"], "event_id": other["event"]}
    draft.transaction(
        "sale",
        "debit psp_clearing cash 119 EUR",
        "credit organizer_payable face_value 100 EUR",
        "credit tax_payable tax 19 EUR DE 0.19 100",
        order_id=own["order"],
        id=f"{own['mark']}lost sale",
        **of_event,
    )
    for kind in ("refund", "chargeback"):
        draft.transaction(
            kind,
            "credit psp_clearing cash 20 EUR",
            "debit organizer_payable face_value 20 EUR",
            order_id=None,
            id=f"{own['mark']}lost {kind}",
            **of_event,
        )
    draft.transaction(
        "adjustment",
        "credit organizer_payable adjustment 7 EUR",
        "debit suspense adjustment 7 EUR",
        order_id=None,
        id=f"{own['mark']}lost adjustment",
        **of_event,
    )
    draft.transaction(
        "reserve_hold",
        "debit organizer_payable reserve 9 EUR",
        "credit organizer_reserve reserve 9 EUR",
        order_id=None,
        id=f"{own['mark']}lost reserve",
        **of_event,
    )
    draft.transaction(
        "sale",
        "debit buyer_receivable cash 50 EUR",
        "credit gift_card_liability gift_card 50 EUR",
        order_id=None,
        id=f"{own['mark']}lost card",
        **of_event,
    )


def _item_of_event(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    paid = draft.transaction(
        *("payout", "debit organizer_payable payout 300 EUR", "credit bank payout 300 EUR"),
        id=f"{own['mark']}lost payout",
        organization_id=own["organization"],
        event_id=None,
        order_id=None,
    )
    draft.item(paid, other["event"], 120)


def _payment_of_order(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    draft.transaction(
        *("payment", "debit bank cash 30 EUR", "credit buyer_receivable cash 30 EUR"),
        id=f"{own['mark']}lost payment",
        organization_id=own["organization"],
        event_id=own["event"],
        order_id=other["order"],
        reverses_transaction_id=other["sale"],
    )


def _entry_on_account(draft: HandWritten, own: _Ids, other: _Ids) -> None:
    # A gift card that the other organisation sold.
    sale = draft.transaction(
        "sale",
        "credit organizer_payable face_value 40 EUR",
        id=f"{own['mark']}sale by card",
        organization_id=own["organization"],
        event_id=own["event"],
        order_id=None,
    )
    draft.add(
        "ledger.entries",
        transaction_id=sale,
        account_id=draft.add(
            "ledger.accounts",
            id=f"{own['mark']}card account",
            organization_id=other["organization"],
            kind="gift_card_liability",
            currency="EUR",
        ),
        direction="debit",
        component="cash",
        amount_minor=40,
        currency="EUR",
    )


REFERENCES: Final[Mapping[str, _Refer]] = {
    "an order on an event": _order_on_event,
    "a line with a ticket type": _line_of_type,
    "a ticket with a ticket type": _ticket_of_type,
    "a ticket of an order": _ticket_of_order,
    "a ticket in a section": _ticket_in_section,
    "seats in a section": _seats_of_section,
    "a scan of a ticket": _scan_of_ticket,
    "a scan at a gate": _scan_at_gate,
    "a scan that reverts a scan": _scan_that_reverts,
    "money on an event": _money_on_event,
    "a payout item of an event": _item_of_event,
    "money of an order, reversing money": _payment_of_order,
    "money on an account": _entry_on_account,
}
"""The kinds of reference from a row of one organisation to a row of another."""


def two_organizations(*, with_references: bool = True) -> Books:
    """The books: each organisation has rows of its own, and each reference goes both ways."""

    def write(draft: HandWritten) -> None:
        hall, rival = _own(draft, HALL), _own(draft, RIVAL)
        _hand_over(draft)
        if with_references:
            for refer in REFERENCES.values():
                refer(draft, hall, rival)
                refer(draft, rival, hall)

    books = books_of(CASE, write)
    _put_into_series_of_the_other(books) if with_references else None
    owners = _owners(books)
    for table in _NAMED:
        for row_id, row in books[table].items():
            row["name"] = _word(owners[row_id], row_id)
            if table == "seating.venues":
                row["city"] = _word(owners[row_id], f"city of {row_id}")
    for row in books["ledger.transactions"].values():
        organization = row["organization_id"]
        row["reference"] = row["reference"] and _word(organization, f"reference of {row['id']}")
    return books


def words_of(books: Books, organization: UUID) -> set[str]:
    """Every word that belongs to one organisation alone."""
    mark = _mark(str(organization))
    texts = (
        value
        for rows in books.tables.values()
        for row in rows.values()
        for value in row.values()
        if isinstance(value, str)
    )
    return {text for text in texts if text.startswith(mark)}


def word_of(books: Books, event: str) -> str:
    """The name of an event."""
    return str(books["ticketing.events"][str(id_of(CASE, event))]["name"])


def _put_into_series_of_the_other(books: Books) -> None:
    for mark, other in (("", _OF_RIVAL), (_OF_RIVAL, "")):
        event = books["ticketing.events"][str(id_of(CASE, f"{mark}gala"))]
        series = str(id_of(CASE, f"{other}tour"))
        books["ticketing.events"][str(id_of(CASE, f"{mark}matinee"))] = event | {
            "id": str(id_of(CASE, f"{mark}matinee")),
            "series_id": series,
        }


def _owners(books: Books) -> dict[str, str]:
    """Row -> the organisation that its name belongs to."""
    owners = {each: each for each in books["ticketing.organizations"]}
    for table in ("ticketing.event_series", "ticketing.events"):
        owners |= {key: row["organization_id"] for key, row in books[table].items()}
    owners[str(id_of(CASE, "handed over"))] = BOTH
    for table in ("ticketing.ticket_types", "scanning.gates"):
        owners |= {key: owners[row["event_id"]] for key, row in books[table].items()}
    hall, rival = map(str, ORGANIZATIONS.values())
    places = {str(id_of(CASE, "rival place")), str(id_of(CASE, "rival stalls"))}
    for table in ("seating.venues", "seating.sections"):
        owners |= {key: rival if key in places else hall for key in books[table]}
    return owners


def _word(organization: str, text: str) -> str:
    return f"{_mark(organization)}{sha256(text.encode()).hexdigest()[:12]}"


def _mark(organization: str) -> str:
    return f"Zq{sha256(organization.encode()).hexdigest()[:6]}x"
