"""Breaks are open until they are gone or accepted; an acceptance is for single breaks."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.checks.breaks import (
    Decision,
    accept_breaks,
    accepted_breaks,
    open_breaks,
    take_back_breaks,
)
from reporting_pipeline.errors import UnknownBreak
from reporting_pipeline.warehouse.engine import warehouse_connection

OWN, OTHER = UUID(int=1), UUID(int=2)
SMALL, LARGE, OLD = UUID(int=21), UUID(int=22), UUID(int=23)
DAY = date(2025, 5, 2)
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)

_BREAK = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    values (%s, %s, %s, 'EUR', %s, %s, 0, %s, '{}')
"""


@pytest.fixture
def warehouse(warehouse_url: URL) -> URL:
    """An old break, a large one and a small one of one organisation; one break of another."""
    for day, organization, order, minor in (
        (DAY, OWN, SMALL, 100),
        (DAY, OWN, LARGE, -900),
        (date(2025, 4, 1), OWN, OLD, 100),
        (DAY, OWN, OLD, 300),
        (DAY, OTHER, SMALL, 100),
    ):
        add_break(warehouse_url, day, organization, order, minor)
    return warehouse_url


def add_break(
    warehouse: URL, day: date, organization: UUID, order: UUID, minor: int, kind: str = "amount"
) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(_BREAK, (day, organization, order, kind, minor, minor))


def decision(*ids: UUID, kind: str = "amount", person: str = "Ada") -> Decision:
    return Decision(organization_id=OWN, kind=kind, ids=ids, person=person, now=NOW)


def is_open(warehouse: URL) -> list[UUID | None]:
    with warehouse_connection(warehouse) as connection:
        return [each.order_id for each in open_breaks(connection, OWN)]


def test_open_breaks_are_listed_oldest_first_then_largest(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        found = open_breaks(connection, OWN)
        assert len(open_breaks(connection)) == 4

    assert [(each.order_id, each.difference_minor) for each in found] == [
        (OLD, 300),
        (LARGE, -900),
        (SMALL, 100),
    ]
    assert (found[0].first_day, found[0].last_day) == (date(2025, 4, 1), DAY)
    assert found[0].concerns == f"order {OLD}"


def test_warnings_are_not_open_breaks(warehouse: URL) -> None:
    add_break(warehouse, DAY, OWN, UUID(int=30), 5, "timing")

    assert UUID(int=30) not in is_open(warehouse)


def test_only_the_named_breaks_of_the_organisation_are_accepted(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        accepted = accept_breaks(connection, decision(SMALL, OLD), reason="cash drawer")
        assert [each.order_id for each in accepted] == [OLD, SMALL]
        assert len(open_breaks(connection, OTHER)) == 1
        listed = accepted_breaks(connection, OWN)

    assert is_open(warehouse) == [LARGE]
    # The old break has other amounts on each of its two days.
    assert {(each.order_id, each.ticketing_minor) for each in listed} == {
        (OLD, 100),
        (OLD, 300),
        (SMALL, 100),
    }
    assert {(each.accepted_by, each.reason, each.accepted_at) for each in listed} == {
        ("Ada", "cash drawer", NOW)
    }


def test_a_break_with_other_amounts_is_open_again(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        accept_breaks(connection, decision(SMALL), reason="cash drawer")
    assert SMALL not in is_open(warehouse)

    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "update reporting.report_reconciliation_breaks set ledger_minor = 1"
            " where order_id = %s",
            (SMALL,),
        )

    assert SMALL in is_open(warehouse)


def test_an_acceptance_that_is_taken_back_stays_on_record(warehouse: URL) -> None:
    with warehouse_connection(warehouse) as connection:
        accept_breaks(connection, decision(SMALL), reason="cash drawer")
        assert take_back_breaks(connection, decision(SMALL, person="Grace")) == 1
        [row] = connection.execute(
            "select accepted_by, taken_back_by from reporting.accepted_breaks"
        ).fetchall()

    assert row == ("Ada", "Grace")
    assert SMALL in is_open(warehouse)

    with warehouse_connection(warehouse) as connection:
        accept_breaks(connection, decision(SMALL), reason="second look")
    assert SMALL not in is_open(warehouse)


@pytest.mark.parametrize(
    "unknown", [decision(SMALL, UUID(int=99)), decision(SMALL, kind="currency")]
)
def test_an_unknown_break_is_refused_and_nothing_is_accepted(
    warehouse: URL, unknown: Decision
) -> None:
    with (
        pytest.raises(UnknownBreak, match=r"has no open break of kind .* `reporting breaks`"),
        warehouse_connection(warehouse) as connection,
    ):
        accept_breaks(connection, unknown, reason="cash drawer")

    assert len(is_open(warehouse)) == 3


def test_only_an_accepted_break_can_be_taken_back(warehouse: URL) -> None:
    with (
        pytest.raises(UnknownBreak, match="has no accepted break of kind amount"),
        warehouse_connection(warehouse) as connection,
    ):
        take_back_breaks(connection, decision(SMALL))
