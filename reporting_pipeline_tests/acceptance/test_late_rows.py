"""Late rows in any order: only touched days are rebuilt, and every table is right.

Rows arrive in random batches, some in several versions, with record clocks up to 15 minutes older
than others. After each batch only touched days are rebuilt, and the oracle checks all tables.
`test_histories` does the same with random books, and checks the papers too.
"""

from itertools import accumulate

import pytest

from reporting_pipeline_tests.acceptance.pipelines import (
    Pipeline,
    assert_every_day_is_queued,
    assert_same,
)
from reporting_pipeline_tests.oracle.arrival import random_split
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.random_books import dice
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, PARENTS, record_clock
from reporting_pipeline_tests.oracle.touched import Touched, changed_days, touchable_days

_NOTHING = Books.of({})


@pytest.mark.parametrize("seed", range(3))
def test_the_season_in_random_batches_equals_the_season(
    seed: int, pipeline: Pipeline, season: Books
) -> None:
    _assert_right_after_each(pipeline, random_split(season, dice(seed), 3))


def test_the_second_half_first_and_random_days_equal_the_season(
    pipeline: Pipeline, season: Books
) -> None:
    first, second = _halves(season)
    assert first.row_count() > 3_000
    assert second.row_count() > 4_000

    pipeline.arrive(second)
    pipeline.land()
    pipeline.build_touched()
    # The record clocks stay months older than all landed rows.
    pipeline.arrive(first)
    landed = pipeline.land()
    assert landed.new_count == first.row_count()
    days = pipeline.known_days()
    dice(8).shuffle(days)
    for some in (days[:1], days[1:2], days[2:60], days[60:100], days[100:]):
        pipeline.build(some)

    assert_same(expected_tables(season), pipeline.tables())
    assert pipeline.queue() == {}


def _assert_right_after_each(pipeline: Pipeline, batches: list[Books]) -> None:
    before, former = _NOTHING, expected_tables(_NOTHING)
    for number, books in enumerate(accumulate(batches, Books.merged)):
        pipeline.arrive(batches[number])
        pipeline.land()
        expected = expected_tables(books)
        changed, queue = changed_days(former, expected), pipeline.queue()
        if number:
            _assert_between(changed, queue, touchable_days(before, books))
        else:
            assert_every_day_is_queued(queue, changed)
        pipeline.build_touched()
        assert_same(expected, pipeline.tables(), f"after batch {number}:")
        before, former = books, expected


def _assert_between(changed: Touched, queue: Touched, touchable: Touched) -> None:
    """Assert that changed days are queued, and only days that the definition allows."""
    for table, days in touchable.items():
        queued = queue.get(table, set())
        missing, needless = changed[table] - queued, queued - days
        assert not missing, f"{table}: not queued: {sorted(missing, key=str)}"
        assert not needless, f"{table}: queued for nothing: {sorted(needless, key=str)}"


def _halves(books: Books) -> tuple[Books, Books]:
    """Split the books at the median record clock; the second half also has its rows' parents."""
    clocks = sorted(row[record_clock(t)] for t in COLUMNS for row in books[t].values())
    middle = clocks[len(clocks) // 2]
    second: set[str] = set()
    for table in reversed(COLUMNS):
        for identity, row in books[table].items():
            if row[record_clock(table)] >= middle or identity in second:
                second |= {
                    identity,
                    *(row[column] for column in PARENTS.get(table, {}) if row[column]),
                }
    return (
        books.select(lambda _, row: row["id"] not in second),
        books.select(lambda _, row: row["id"] in second),
    )
