"""Small random books that are as difficult as the contract allows.

They keep types, checks, references within a domain and the rules of signs; they break only
promises that the pipeline verifies. They have unusual zones and cutoffs, days of 23, 25 and 0
hours, unknown events, organisations, orders and tickets, repeated uploads, reverts of everything,
equal clocks, and planted faults of each kind of break.
"""

from random import Random

from hypothesis import strategies as st

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.draft import Draft
from reporting_pipeline_tests.oracle.random_ledger import add_ledger
from reporting_pipeline_tests.oracle.random_payouts import add_payouts
from reporting_pipeline_tests.oracle.random_sales import add_events, add_orders, add_organizations
from reporting_pipeline_tests.oracle.random_scans import add_scans, add_seats, add_sections

LARGEST = 8


def random_books(rng: Random, *, size: int = LARGEST) -> Books:
    """Books of up to `size` orders, twice as many scans, and about 100 other rows.

    Args:
        rng: The random numbers; equal states give equal books.
        size: At least 1.
    """
    draft = Draft(rng, size)
    add_organizations(draft)
    add_events(draft)
    add_sections(draft)
    add_orders(draft)
    add_seats(draft)
    add_scans(draft)
    add_ledger(draft)
    add_payouts(draft)
    return draft.books()


def dice(seed: int) -> Random:
    """The random numbers of `seed`, which are the same on every machine."""
    return Random(seed)  # noqa: S311 - reproducible, and not a secret


def seeds() -> st.SearchStrategy[int]:
    """Seeds for `dice`."""
    return st.integers(min_value=0, max_value=2**32 - 1)


def books() -> st.SearchStrategy[Books]:
    """Random books as a hypothesis strategy, which shrinks to smaller books, then smaller seeds."""
    sizes = st.integers(min_value=1, max_value=LARGEST)
    return st.builds(lambda size, seed: random_books(dice(seed), size=size), sizes, seeds())
