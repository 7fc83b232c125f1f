"""The papers of the oracle equal the published papers of the clean books, in every figure."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import pytest

from reporting_pipeline_tests.books import BOOKS, read_paper
from reporting_pipeline_tests.oracle import papers
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.papers import Figures, Paper

_OF_EVENT = ("organization_id", "currency", "event_id", "month")
# Published as magnitudes, computed as what they add to the balance.
_PAID = frozenset({*papers.FEES, "reserve_held", "payout"})


@pytest.fixture(scope="module")
def books() -> Books:
    return Books.from_dump(BOOKS / "clean" / "dump")


@pytest.mark.parametrize(
    ("name", "compute", "key", "magnitudes"),
    [
        ("payout_statement", papers.payout_statement, _OF_EVENT, _PAID),
        ("reserve_statement", papers.reserve_statement, _OF_EVENT, {"released"}),
        ("gift_cards", papers.gift_cards, _OF_EVENT, {"returned", "redeemed"}),
        ("receivables", papers.receivables, _OF_EVENT, {"credit"}),
        (
            "trial_balance",
            papers.trial_balance,
            ("organization_id", "currency", "account_kind", "month"),
            set(),
        ),
        ("bridge", papers.bridge, ("organization_id", "currency", "month"), set(papers.FEES)),
    ],
)
def test_a_paper_of_the_oracle_is_the_published_one(
    books: Books,
    name: str,
    compute: Callable[[Books], Paper],
    key: Sequence[str],
    magnitudes: frozenset[str],
) -> None:
    published = {
        tuple(row[column] or None for column in key): _figures(row, magnitudes)
        for row in read_paper(name)
        if row.get("row_kind") != "total"
    }
    computed = compute(books)

    names = {name for figures in published.values() for name in figures}
    assert len(published) > 100
    assert _not_zero(published) == _not_zero(
        {key: {n: figures.get(n, 0) for n in names} for key, figures in computed.items()}
    )


def test_the_taxes_of_the_oracle_are_the_published_ones(books: Books) -> None:
    published = {
        (
            *(row["organization_id"], row["currency"], row["tax_jurisdiction"] or None),
            *(Decimal(row["tax_rate"]) if row["tax_rate"] else None, row["month"]),
        ): {
            **_figures(row, set()),
            "unknown_taxable_count": int(row["unknown_taxable_count"]),
        }
        for row in read_paper("tax")
    }

    assert len(published) == 204
    assert _not_zero(published) == _not_zero(papers.tax(books))


def test_the_settlements_of_the_oracle_are_the_published_ones(books: Books) -> None:
    settlements = papers.Settlements(books)
    rows = read_paper("event_settlement")

    assert len(rows) == 318
    for row in rows:
        computed = settlements.figures(
            row["event_id"],
            row["organization_id"],
            row["currency"],
            date.fromisoformat(row["date"]),
        )
        published = {
            name: minor
            for name, minor in _figures(row, _PAID).items()
            if not name.startswith("unallocated")
        }
        assert {name: computed.get(name, 0) for name in published} == published


def _figures(row: dict[str, str], magnitudes: frozenset[str] | set[str]) -> Figures:
    names = [column for column in row if column.endswith("_minor")]
    signs = {name: -1 if name.removesuffix("_minor") in magnitudes else 1 for name in names}
    return {name.removesuffix("_minor"): signs[name] * int(row[name]) for name in names}


def _not_zero(paper: Paper) -> Paper:
    kept = {key: {n: v for n, v in figures.items() if v} for key, figures in paper.items()}
    return {key: figures for key, figures in kept.items() if figures}
