"""The shipped papers of the clean books equal those of an independent oracle, in every month."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from uuid import UUID

import pytest
from psycopg import Connection

from reporting_pipeline.domain.period import Period
from reporting_pipeline.publishing.ties import broken_ties
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.shipped_papers import (
    BRIDGE,
    SETTLEMENT,
    STATEMENTS,
    ShippedPaper,
    report_rows,
    settlement_config,
    shipped,
)
from reporting_pipeline_tests.books import read_paper
from reporting_pipeline_tests.oracle import papers
from reporting_pipeline_tests.oracle.books import Books


@pytest.mark.parametrize("paper", [*STATEMENTS, BRIDGE], ids=lambda paper: paper.slug)
def test_a_shipped_statement_has_the_figures_of_the_oracle_and_no_others(
    clean_pipeline: Pipeline, clean_books: Books, paper: ShippedPaper
) -> None:
    months = _months(clean_books)
    expected = paper.expected(clean_books, months)

    with _session(clean_pipeline) as connection:
        found = paper.rows(connection, months)

    assert len(expected) > (50 if paper.sums_rows else 200)
    assert found == expected


@pytest.mark.parametrize("slug", [each.slug for each in (*STATEMENTS, BRIDGE)])
def test_every_identity_of_a_shipped_paper_is_kept_in_each_month(
    clean_pipeline: Pipeline, clean_books: Books, slug: str
) -> None:
    with _session(clean_pipeline) as connection:
        for organization, month in _months(clean_books):
            assert broken_ties(connection, shipped(slug), UUID(organization), month) == []


def test_the_shipped_settlement_of_each_event_is_that_of_the_oracle(
    clean_pipeline: Pipeline, clean_books: Books
) -> None:
    settlements = papers.Settlements(clean_books)
    config, whole = settlement_config(), shipped("event-settlement")
    count = 0
    with _session(clean_pipeline) as connection:
        for row in read_paper("event_settlement"):
            day = date.fromisoformat(row["date"])
            period = Period(first=None, end=day + timedelta(days=1), event_id=UUID(row["event_id"]))
            lines = [
                line
                for line in report_rows(connection, config, row["organization_id"], period)
                if line["currency"] == row["currency"]
            ]
            key = (row["event_id"], row["organization_id"], row["currency"], day)
            figures = settlements.figures(*key)
            amounts = [int(line["amount_minor"]) for line in lines]
            expected = [sign * figures.get(name, 0) for name, sign in SETTLEMENT]
            assert amounts == expected or (not amounts and not any(expected))
            assert broken_ties(connection, whole, UUID(row["organization_id"]), period) == []
            count += 1
    assert count == 318


@contextmanager
def _session(clean_pipeline: Pipeline) -> Iterator[Connection]:
    """A connection that keeps a statement's plan: one for each month takes most of the time."""
    with warehouse_connection(clean_pipeline.warehouse) as connection:
        connection.execute("set plan_cache_mode = force_generic_plan")
        yield connection


def _months(clean_books: Books) -> list[tuple[str, Period]]:
    organizations = {line.organization for line in papers.lines(clean_books)}
    return [
        (organization, Period(first=first, end=end))
        for organization in sorted(organizations)
        for first, end in papers.months(papers.lines(clean_books))
    ]
