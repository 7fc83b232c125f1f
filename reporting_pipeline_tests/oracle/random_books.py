"""Small random books that the contract allows and that are as nasty as it allows.

They obey types, checks, references inside a domain and the sign rules; they break only promises
that the pipeline verifies. Odd zones and cutoffs, days of 23 and 25 hours and of none, unknown
events, organisations, orders and tickets, repeated uploads, reverts of everything, ties in every
clock, and planted faults of each break kind.

What belongs here: putting the parts together. What does not: how the rows arrive (`arrival`).
"""

from random import Random

from hypothesis import strategies as st

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.draft import Draft
from reporting_pipeline_tests.oracle.random_ledger import add_ledger
from reporting_pipeline_tests.oracle.random_sales import add_events, add_orders, add_organizations
from reporting_pipeline_tests.oracle.random_scans import add_scans, add_seats

LARGEST = 8


def random_books(rng: Random, *, size: int = LARGEST) -> Books:
    """Books of up to `size` orders, twice as many scans, and some 100 rows more.

    Args:
        rng: Equal states give equal books.
        size: At least 1.
    """
    draft = Draft(rng, size)
    add_organizations(draft)
    add_events(draft)
    add_orders(draft)
    add_seats(draft)
    add_scans(draft)
    add_ledger(draft)
    return draft.books()


def dice(seed: int) -> Random:
    """The generator of `seed`: the same on every machine."""
    return Random(seed)  # noqa: S311 - reproducible on purpose, nothing secret


def seeds() -> st.SearchStrategy[int]:
    """Seeds for `dice`."""
    return st.integers(min_value=0, max_value=2**32 - 1)


def books() -> st.SearchStrategy[Books]:
    """Random books as a hypothesis strategy; it shrinks to smaller books, then to lesser seeds."""
    sizes = st.integers(min_value=1, max_value=LARGEST)
    return st.builds(lambda size, seed: random_books(dice(seed), size=size), sizes, seeds())
