"""The report day of each source row: the day of an instant in the row's zone, after its cutoff."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import Row

MIDNIGHT: Final = time(0, 0)


@lru_cache(maxsize=2**17)  # the rows of one order share instants
def local_day(instant: datetime, timezone: str, cutoff: time) -> date:
    """`((instant at time zone timezone) - cutoff)::date`."""
    wall_clock = instant.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    since_midnight = timedelta(
        hours=cutoff.hour,
        minutes=cutoff.minute,
        seconds=cutoff.second,
        microseconds=cutoff.microsecond,
    )
    return (wall_clock - since_midnight).date()


def event_day(books: Books, event_id: str, instant: datetime) -> date:
    """The report day of a row with a known event."""
    event = books["ticketing.events"][event_id]
    return local_day(instant, event["timezone"], event["day_cutoff"])


def last_day(event: Row) -> date:
    """The report day on which the event ends."""
    return local_day(event["ends_at"], event["timezone"], event["day_cutoff"])


def is_final_from(event: Row) -> date:
    """The first day with a final summary row: 30 days after the event's last day."""
    return last_day(event) + timedelta(days=30)


def movement_day(books: Books, movement: Row) -> date:
    """The report day of an order line movement, by the event of its order."""
    order = books["ticketing.orders"][movement["order_id"]]
    return event_day(books, order["event_id"], movement["occurred_at"])


def transaction_day(books: Books, transaction: Row) -> date:
    """The report day of a transaction, in the zone of its event or organisation, or in UTC."""
    instant: datetime = transaction["effective_at"]
    if transaction["event_id"] in books["ticketing.events"]:
        return event_day(books, transaction["event_id"], instant)
    organization = books["ticketing.organizations"].get(transaction["organization_id"])
    if organization is None:
        return instant.astimezone(UTC).date()
    return local_day(instant, organization["timezone"], MIDNIGHT)
