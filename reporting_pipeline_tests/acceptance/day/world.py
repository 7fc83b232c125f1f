"""The books of the simulated day: three organisations, of which two change their clocks.

    Berlin        2022-03-27 has 23 hours: its clocks go forward at 01:00 in UTC
    Casablanca    the same day has 25 hours: its clocks go back at 02:00 in UTC
    Tokyo         its days have 24 hours

Each row exists from its record clock on.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, Row, record_clock

BERLIN, CASABLANCA, TOKYO = "Berlin", "Casablanca", "Tokyo"
ZONES: Final = {BERLIN: "Europe/Berlin", CASABLANCA: "Africa/Casablanca", TOKYO: "Asia/Tokyo"}
CURRENCIES: Final = {BERLIN: "EUR", CASABLANCA: "MAD", TOKYO: "JPY"}

FOUNDED: Final = datetime(2022, 3, 20, 12, tzinfo=UTC)
SALES_END: Final = datetime(2022, 3, 27, 21, tzinfo=UTC)
PAST_SHOW, NIGHT, OPEN_AIR = "past show", "night of the change", "open air"
GNAWA, HANAMI = "gnawa", "hanami"
EVENTS: Final = {
    PAST_SHOW: (BERLIN, time(0), datetime(2022, 3, 24, 18, tzinfo=UTC)),
    NIGHT: (BERLIN, time(0), datetime(2022, 3, 26, 22, tzinfo=UTC)),
    OPEN_AIR: (BERLIN, time(0), datetime(2022, 4, 16, 18, tzinfo=UTC)),
    GNAWA: (CASABLANCA, time(4), datetime(2022, 3, 26, 20, tzinfo=UTC)),
    HANAMI: (TOKYO, time(0), datetime(2022, 3, 27, 9, tzinfo=UTC)),
}
"""Event -> organisation, cutoff, and start."""
OPENS_BEFORE: Final = timedelta(hours=1)
LASTS: Final = timedelta(hours=3)

MISSING: Final = "order that the ledger does not know"
MISSING_PLACED: Final = datetime(2022, 3, 26, 22, 40, tzinfo=UTC)
"""In Berlin, 20 minutes before the end of the 26th."""
MISSING_MINOR: Final = 4_200
MISSING_BOOKED: Final = datetime(2022, 3, 27, 16, 20, tzinfo=UTC)
"""The instant at which the ledger gets the order."""

LATE_SCANS: Final = datetime(2022, 3, 27, 3, 20, tzinfo=UTC)
"""The instant at which a device uploads its offline scans of the past show."""

_PRICE_MINOR = {BERLIN: 4_000, CASABLANCA: 25_000, TOKYO: 7_000}
_BETWEEN_SALES = timedelta(hours=5)
_SCANNED = 6
_SCANNED_OFFLINE = 2


def identity(word: str) -> str:
    """The id for a name."""
    return str(uuid5(NAMESPACE_OID, word))


def world() -> Books:
    """All rows of the simulated day."""
    rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
    for table, row in _rows():
        rows[table].append({column: row[column] for column in COLUMNS[table]})
    return Books.of(rows)


def between(books: Books, after: datetime, until: datetime) -> Books:
    """The rows with a record clock after `after` and up to `until`."""
    return books.select(lambda table, row: after < row[record_clock(table)] <= until)


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    for place, zone in ZONES.items():
        currency = CURRENCIES[place]
        yield _row("ticketing.organizations", place, name=place, timezone=zone, currency=currency)
        for kind in ("psp_clearing", "organizer_payable"):
            yield _row(
                "ledger.accounts",
                f"{kind} of {place}",
                organization_id=identity(place),
                kind=kind,
                currency=currency,
            )
    for event in EVENTS:
        yield from _event(event)
        yield from _sales(event)
    yield from _order(MISSING, NIGHT, MISSING_PLACED, MISSING_MINOR, booked_at=MISSING_BOOKED)


def _event(event: str) -> Iterator[tuple[str, dict[str, Any]]]:
    place, cutoff, starts_at = EVENTS[event]
    yield _row(
        "ticketing.events",
        event,
        organization_id=identity(place),
        name=event,
        timezone=ZONES[place],
        day_cutoff=cutoff,
        currency=CURRENCIES[place],
        status="on_sale",
        on_sale_at=FOUNDED,
        doors_at=starts_at - OPENS_BEFORE,
        starts_at=starts_at,
        ends_at=starts_at + LASTS,
    )
    event_id = identity(event)
    yield _row(
        "ticketing.ticket_types",
        f"seat at {event}",
        event_id=event_id,
        name="Seat",
        is_admission=True,
    )
    yield _row("scanning.gates", f"gate of {event}", event_id=event_id, name="Gate")


def _sales(event: str) -> Iterator[tuple[str, dict[str, Any]]]:
    place, _, starts_at = EVENTS[event]
    # The sales of two events are never in the same minute.
    at, number = FOUNDED + timedelta(hours=1, minutes=7 * len(event)), 0
    while at < min(starts_at, SALES_END):
        order, number = f"order {number} for {event}", number + 1
        yield from _order(order, event, at, _PRICE_MINOR[place], booked_at=at)
        if number <= _SCANNED:
            yield _scan(order, event, number)
        at += _BETWEEN_SALES


def _order(
    order: str, event: str, at: datetime, minor: int, *, booked_at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """An order of one seat that is charged and paid immediately; the ledger can book it later."""
    place = EVENTS[event][0]
    of_order: dict[str, Any] = {"order_id": identity(order)}
    of_event: dict[str, Any] = {"event_id": identity(event)}
    of_place: dict[str, Any] = {"organization_id": identity(place)}
    seat: dict[str, Any] = {"ticket_type_id": identity(f"seat at {event}")}
    yield _row(
        "ticketing.orders",
        order,
        **of_place,
        **of_event,
        at=at,
        channel="web",
        status="paid",
        currency=CURRENCIES[place],
        total_minor=minor,
        placed_at=at,
        paid_at=at,
    )
    yield _row(
        "ticketing.order_line_movements",
        f"movement of {order}",
        **of_order,
        **seat,
        at=at,
        line_no=1,
        reason="sale",
        quantity=1,
        list_minor=minor,
        discount_minor=0,
        fee_minor=0,
        tax_minor=0,
        occurred_at=at,
    )
    yield _row(
        "ticketing.tickets",
        f"ticket of {order}",
        **of_order,
        **of_event,
        **seat,
        at=at,
        is_comp=False,
        status="valid",
        issued_at=at,
    )
    sale = f"sale of {order}"
    yield _row(
        "ledger.transactions",
        sale,
        **of_order,
        **of_event,
        **of_place,
        at=booked_at,
        kind="sale",
        effective_at=at,
    )
    for direction, account, component in (
        ("debit", "psp_clearing", "cash"),
        ("credit", "organizer_payable", "face_value"),
    ):
        yield _row(
            "ledger.entries",
            f"{direction} of {sale}",
            at=booked_at,
            transaction_id=identity(sale),
            account_id=identity(f"{account} of {place}"),
            direction=direction,
            component=component,
            amount_minor=minor,
            currency=CURRENCIES[place],
        )


def _scan(order: str, event: str, number: int) -> tuple[str, dict[str, Any]]:
    at = EVENTS[event][2] - timedelta(minutes=30) + number * timedelta(minutes=1)
    is_late = event == PAST_SHOW and number <= _SCANNED_OFFLINE
    return _row(
        "scanning.scans",
        f"scan of {order}",
        at=LATE_SCANS if is_late else at,
        event_id=identity(event),
        gate_id=identity(f"gate of {event}"),
        device_id=identity(f"{'offline' if is_late else 'online'} device of {event}"),
        device_sequence=number,
        ticket_id=identity(f"ticket of {order}"),
        direction="entry",
        outcome="accepted",
        is_offline=is_late,
        scanned_at=at,
    )


def _row(
    table: str, word: str, *, at: datetime = FOUNDED, **values: Any
) -> tuple[str, dict[str, Any]]:
    """A row that exists from `at` on; other columns are null."""
    assert values.keys() <= COLUMNS[table].keys()
    known = {"id": identity(word), record_clock(table): at}
    return table, dict.fromkeys(COLUMNS[table]) | known | values
