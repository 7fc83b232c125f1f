"""Findings list the largest discrepancy first, and no more than a person can read."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks import findings
from reporting_pipeline_tests.checks.conftest import RunCheck

DAY = date(2025, 9, 1)


def test_the_largest_difference_comes_first(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
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

    found = run_check("transactions_balanced", [DAY])[DAY]

    assert [(each.expected or 0) - (each.found or 0) for each in found] == [51, *[1] * 8]


def test_discrepancies_that_are_not_listed_are_counted(
    books: Connection[TupleRow], run_check: RunCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "_MAX_PER_ORGANIZATION", 4)
    books.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 1"
        " where report_day = %s and direction = 'debit'",
        [DAY],
    )

    found = run_check("transactions_balanced", [DAY])[DAY]

    assert len(found) == 5
    assert found[-1].message == "and 5 more, which are not listed"
