"""The ticketing part of random books: organisations, events, orders, movements, tickets."""

from datetime import datetime, time, timedelta
from typing import Final

from reporting_pipeline_tests.oracle.draft import CURRENCIES, CUTOFFS, Draft
from reporting_pipeline_tests.oracle.source_tables import Row

_CHANNELS: Final = ("web", "box_office", "api", "reseller", "kiosk")
_STATUSES: Final = ("pending", "paid", "paid", "paid", "expired", "cancelled", "refunded")
_OPENERS: Final = ("sale", "sale", "sale", "comp", "exchange_in")
_RETURNS: Final = ("cancel", "refund", "void", "exchange_out")
_END_DAYS: Final = (-35, -31, -30, -29, -1, 0, 1, 3, 40)


def add_organizations(draft: Draft) -> None:
    """One to three organisations."""
    for number in range(draft.rng.randint(1, 3)):
        draft.add(
            "ticketing.organizations",
            name=f"Organisation {number}",
            timezone=draft.zone_name(),
            currency=draft.pick(CURRENCIES),
        )


def add_events(draft: Draft) -> None:
    """One to four events with one to three ticket types each."""
    for number in range(draft.rng.randint(1, 4)):
        ends_at = draft.instant() + timedelta(days=draft.pick(_END_DAYS))
        event = draft.add(
            "ticketing.events",
            organization_id=draft.pick(draft.rows("ticketing.organizations"))["id"],
            name=f"Event {number}",
            timezone=draft.zone_name(),
            day_cutoff=time.fromisoformat(draft.pick(CUTOFFS)),
            currency=draft.pick(CURRENCIES),
            status=draft.pick(("draft", "on_sale", "sold_out", "postponed", "cancelled", "ended")),
            starts_at=ends_at - timedelta(hours=3),
            ends_at=ends_at,
        )
        for kind in range(draft.rng.randint(1, 3)):
            draft.add(
                "ticketing.ticket_types",
                event_id=event["id"],
                name=f"Type {kind}",
                is_admission=draft.chance(0.75),
            )


def add_orders(draft: Draft) -> None:
    """Orders with their movements and tickets; some have another organisation than their event."""
    for _ in range(draft.rng.randint(0, draft.size)):
        event = draft.pick(draft.rows("ticketing.events"))
        stranger = draft.pick(draft.rows("ticketing.organizations"))["id"]
        order = draft.add(
            "ticketing.orders",
            organization_id=stranger if draft.chance(0.1) else event["organization_id"],
            event_id=event["id"],
            channel=draft.pick(_CHANNELS[: draft.rng.randint(1, 5)]),
            status=draft.pick(_STATUSES),
            currency=draft.pick(CURRENCIES) if draft.chance(0.15) else event["currency"],
            total_minor=draft.amount_minor(),
            placed_at=draft.instant(),
            paid_at=draft.instant() if draft.chance(0.7) else None,
        )
        for line_no in range(1, draft.rng.randint(0, 3) + 1):
            _add_line(draft, order, line_no)
        for _ in range(draft.rng.randint(0, 2)):
            _add_ticket(draft, order)


def _add_line(draft: Draft, order: Row, line_no: int) -> None:
    """A line that units or a fee open, and that is then returned, repriced or charged a fee."""
    opened_at = draft.instant()
    ticket_type_id = _ticket_type_id(draft, order)
    line = {"order_id": order["id"], "line_no": line_no, "ticket_type_id": ticket_type_id}
    if draft.chance(0.15):
        _add_fee(draft, line, opened_at)
    opener = _add_units(draft, line, draft.pick(_OPENERS), draft.rng.randint(1, 3), opened_at)
    for _ in range(draft.rng.choice((0, 0, 1, 1, 2))):
        # Mostly later or at the same instant; a return before its sale is unusual but valid.
        instant = draft.instant() if draft.chance(0.6) else opened_at
        match draft.pick(("return", "return", "repricing", "fee")):
            case "return":
                quantity = draft.rng.randint(1, opener["quantity"])
                _add_return(draft, opener, draft.pick(_RETURNS), quantity, instant)
            case "repricing":
                _add_return(draft, opener, "exchange_out", opener["quantity"], instant)
                _add_units(draft, line, "exchange_in", opener["quantity"], instant)
            case _:
                _add_fee(draft, line, instant)


def _add_units(draft: Draft, line: Row, reason: str, quantity: int, instant: datetime) -> Row:
    list_minor = draft.amount_minor() * quantity
    free = reason == "comp" and draft.chance(0.8)
    discount_minor = list_minor if free else draft.pick((0, 0, list_minor // 3, list_minor))
    return draft.add(
        "ticketing.order_line_movements",
        **line,
        reason=reason,
        quantity=quantity,
        list_minor=list_minor,
        discount_minor=discount_minor,
        fee_minor=0 if free else draft.pick((0, draft.amount_minor())),
        tax_minor=0 if free else draft.pick((0, draft.amount_minor())),
        occurred_at=instant,
    )


def _add_return(draft: Draft, opener: Row, reason: str, quantity: int, instant: datetime) -> None:
    whole = ("list_minor", "discount_minor", "fee_minor", "tax_minor")
    shares = {column: -(opener[column] * quantity // opener["quantity"]) for column in whole}
    if draft.chance(0.3):
        shares |= {"fee_minor": 0}  # fees are often not refunded
    shares["discount_minor"] = max(shares["discount_minor"], shares["list_minor"])
    line = {column: opener[column] for column in ("order_id", "line_no", "ticket_type_id")}
    draft.add(
        "ticketing.order_line_movements",
        **line,
        **shares,
        reason=reason,
        quantity=-quantity,
        occurred_at=instant,
    )


def _add_fee(draft: Draft, line: Row, instant: datetime) -> None:
    sign = draft.pick((1, 1, -1))
    draft.add(
        "ticketing.order_line_movements",
        **line,
        reason="fee",
        quantity=0,
        list_minor=0,
        discount_minor=0,
        fee_minor=sign * draft.pick((0, 5, 100)),
        tax_minor=sign * draft.pick((0, 1, 19)),
        occurred_at=instant,
    )


def _add_ticket(draft: Draft, order: Row) -> None:
    event_id = order["event_id"]
    if draft.chance(0.1):
        event_id = draft.pick(draft.rows("ticketing.events"))["id"]
    sections = [section["id"] for section in draft.rows("seating.sections")]
    draft.add(
        "ticketing.tickets",
        order_id=order["id"],
        event_id=event_id,
        ticket_type_id=_ticket_type_id(draft, order),
        is_comp=draft.chance(0.2),
        section_id=draft.pick((None, *sections)),
        status=draft.pick(("valid", "valid", "cancelled", "refunded", "voided", "exchanged")),
        issued_at=draft.instant(),
        invalidated_at=draft.instant() if draft.chance(0.3) else None,
    )


def _ticket_type_id(draft: Draft, order: Row) -> str:
    types = draft.rows("ticketing.ticket_types")
    own = [row for row in types if row["event_id"] == order["event_id"]]
    return str(draft.pick(types if draft.chance(0.1) else own)["id"])
