"""What all checks share: the largest first, and no more than a person and a page can take."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks import finding
from reporting_pipeline.checks.transactions_balanced import transactions_balanced

DAY = date(2025, 9, 1)


def test_the_largest_difference_comes_first(books: Connection[TupleRow]) -> None:
    books.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 1"
        " where report_day = %s and direction = 'debit'",
        [DAY],
    )
    books.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 50 where id = ("
        " select id from landing.ledger_entries"
        " where report_day = %s and direction = 'debit' order by id limit 1)",
        [DAY],
    )

    found = transactions_balanced(books, [DAY])[DAY]

    assert [(each.expected or 0) - (each.found or 0) for each in found] == [51, *[1] * 8]


def test_what_is_not_listed_is_counted(
    books: Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "_MAX_PER_DAY", 4)
    books.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 1"
        " where report_day = %s and direction = 'debit'",
        [DAY],
    )

    found = transactions_balanced(books, [DAY])[DAY]

    assert len(found) == 5
    assert found[-1].message == "and 5 more, which are not listed"
