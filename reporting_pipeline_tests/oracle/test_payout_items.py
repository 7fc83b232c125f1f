"""Payout items, calculated by hand: what they move, and when they count."""

from datetime import date

import pytest

from reporting_pipeline_tests.oracle.account_movements import account_movements_daily
from reporting_pipeline_tests.oracle.breaks import reconciliation_breaks
from reporting_pipeline_tests.oracle.hand_written import HALL, ORDER, OTHER_SHOW, SHOW, HandWritten
from reporting_pipeline_tests.oracle.revenue import revenue_daily

_MONDAY = date(2025, 3, 3)
_FIGURES = (
    "payout_minor",
    "payable_change_minor",
    "debit_minor",
    "entry_count",
    "transaction_count",
)


def _payout(writing: HandWritten, kind: str = "payout", event_id: str | None = None) -> str:
    return writing.transaction(
        kind,
        "debit organizer_payable payout 100 EUR",
        "credit bank cash 100 EUR",
        event_id=event_id,
    )


def _figures(writing: HandWritten) -> dict[str | None, tuple[int, ...]]:
    """Payout, payable change, debits, entries and transactions of each event."""
    rows = revenue_daily(writing.books()).values()
    return {row["event_id"]: tuple(row[name] for name in _FIGURES) for row in rows}


def test_items_move_a_payout_to_the_rows_of_their_events() -> None:
    writing = HandWritten()
    payout = _payout(writing)
    writing.item(payout, SHOW, 60)
    writing.item(payout, OTHER_SHOW, 25)

    assert _figures(writing) == {
        None: (15, -15, 100, 2, 1),  # 100 - 60 - 25 is of no event; the entries stay
        SHOW: (60, -60, 0, 0, 0),
        OTHER_SHOW: (25, -25, 0, 0, 0),
    }
    assert not reconciliation_breaks(writing.books())


def test_items_move_debits_of_organizer_payable_and_of_no_other_account() -> None:
    writing = HandWritten()
    writing.item(_payout(writing), SHOW, 60)

    rows = account_movements_daily(writing.books())

    payable = "organizer_payable"
    assert {(key[1], key[2]): row["debit_minor"] for key, row in rows.items()} == {
        (None, payable): 40,
        (SHOW, payable): 60,
        (None, "bank"): 0,
    }
    assert rows[HALL, SHOW, payable, "EUR", _MONDAY]["change_minor"] == -60
    assert rows[HALL, SHOW, payable, "EUR", _MONDAY]["entry_count"] == 0


def test_items_of_a_reserve_that_is_released_are_credits() -> None:
    writing = HandWritten()
    release = writing.transaction(
        "reserve_release",
        "credit organizer_payable reserve 100 EUR",
        "debit organizer_reserve reserve 100 EUR",
        event_id=None,
    )
    writing.item(release, SHOW, 100)

    rows = revenue_daily(writing.books())

    of_show, rest = rows[HALL, SHOW, _MONDAY, "EUR"], rows[HALL, None, _MONDAY, "EUR"]
    assert (of_show["reserve_released_minor"], of_show["payable_change_minor"]) == (100, 100)
    assert (rest["reserve_released_minor"], rest["payable_change_minor"]) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "event_id", "items", "total"),
    [
        ("payout", None, [(SHOW, 60), (SHOW, 41)], 101),  # more than the payout
        ("payout", None, [(SHOW, 60), ("unheard of", 1)], 61),
        ("payout", SHOW, [(SHOW, 60)], 60),  # the payout names an event itself
        ("fee", None, [(SHOW, 60)], 60),  # a kind without items
        ("payout_reversal", None, [(SHOW, 60)], 60),  # its amount is -100: a debit
    ],
)
def test_all_items_of_a_transaction_count_or_none(
    kind: str, event_id: str | None, items: list[tuple[str, int]], total: int
) -> None:
    writing = HandWritten()
    payout = _payout(writing, kind, event_id)
    for item_event, amount in items:
        writing.item(payout, item_event, amount)

    breaks = reconciliation_breaks(writing.books()).values()
    (row,) = [row for row in breaks if row["kind"] == "payout_items"]

    assert set(_figures(writing)) == {event_id}
    assert (row["transaction_id"], row["event_id"]) == (payout, event_id)
    assert (row["order_id"], row["proof_ids"]) == (ORDER, (payout,))
    assert (row["ticketing_minor"], row["ledger_minor"]) == (0, total)


def test_items_in_another_currency_do_not_hold_those_that_count() -> None:
    writing = HandWritten()
    payout = _payout(writing)
    writing.item(payout, SHOW, 60)
    writing.item(payout, SHOW, 5, "USD")

    assert _figures(writing)[SHOW] == (60, -60, 0, 0, 0)
    (row,) = reconciliation_breaks(writing.books()).values()
    assert (row["kind"], row["currency"], row["ledger_minor"]) == ("payout_items", "USD", 5)
