"""Small books for the papers: for each case an organisation HALL of its own, all in one warehouse.

A case is written by hand with words as ids (`hand_written`). Here they become uuids, and columns
that the papers do not need get values, so that real sources accept the rows.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.hand_written import SHOW, HandWritten
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, Row, record_clock

RECORDED_AT: Final = datetime(2025, 12, 1, tzinfo=UTC)
"""The record clock of all rows: every day of the cases has been settled for weeks."""

Case = Callable[[HandWritten], None]

_TEXTS: Final = {"status": "ended", "name": "of a case", "city": "Berlin", "country": "DE"}
_VALUES: Final[Mapping[str, Any]] = {"int": 0, "bool": False, "instant": RECORDED_AT}


def id_of(case: str, word: str) -> UUID:
    """The id of a case's row."""
    return uuid5(NAMESPACE_URL, f"{case}/{word}")


def books_of(case: str, write: Case, *, recorded_at: datetime = RECORDED_AT) -> Books:
    """The rows of a case that real sources accept, recorded at this time."""
    draft = HandWritten()
    write(draft)
    _add_seats(draft)
    tables: dict[str, list[Row]] = {}
    for table, rows in draft.books().tables.items():
        clock = {record_clock(table): recorded_at}
        tables[table] = [_complete(case, table, row | clock) for row in rows.values()]
    return Books.of(tables)


def later_rows(former: Books, books: Books) -> Books:
    """The rows of `books` that `former` does not have in this form."""
    return books.select(lambda table, row: not _is_known(former[table].get(row["id"]), row, table))


def at(month: int, day: int) -> datetime:
    """Noon of a day of 2025."""
    return datetime(2025, month, day, 12, tzinfo=UTC)


def sell(draft: HandWritten, order: str, minor: int, when: datetime, **values: Any) -> None:
    """An order of one ticket, booked and charged without fees and taxes."""
    charged: dict[str, Any] = {"order_id": order, "effective_at": when} | values
    draft.order(order, **values)
    draft.movement("sale", 1, minor, order_id=order, occurred_at=when)
    draft.charge(minor, **charged)


def _add_seats(draft: HandWritten) -> None:
    # Days are final only when every source has rows after them.
    venue = draft.add("seating.venues", id="venue")
    section = draft.add("seating.sections", id="section", venue_id=venue)
    draft.add(
        "seating.inventory_movements",
        event_id=SHOW,
        section_id=section,
        kind="capacity",
        quantity=100,
        occurred_at=at(1, 1),
    )
    draft.scan(1, scanned_at=at(3, 4))


def _complete(case: str, table: str, row: Row) -> Row:
    return dict(_completed(case, COLUMNS[table], row))


def _completed(case: str, columns: Mapping[str, str], row: Row) -> Iterator[tuple[str, Any]]:
    for name, kind in columns.items():
        value = row[name]
        if name == "starts_at":
            value = row["ends_at"] - timedelta(hours=3)
        elif value is None and not kind.endswith("?") and kind != "uuid":
            value = _VALUES.get(kind, _TEXTS.get(name))
        if kind.startswith("uuid") and (value is not None or kind == "uuid"):
            value = str(id_of(case, str(value)))
        yield name, value


def _is_known(former: Row | None, row: Row, table: str) -> bool:
    clock = record_clock(table)
    return former is not None and former | {clock: None} == row | {clock: None}
