"""Random histories with late batches: tables, touched days and papers are those of the oracle.

A history is the books of two generated organisations and small random books that are as difficult
as the contract allows, in three batches with late and changed rows. Three histories are tried;
`make test ARGS="reporting_pipeline_tests/acceptance/test_histories.py --histories 20"` tries more.
"""

from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from pathlib import Path
from random import Random

import pytest

from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import (
    Pipeline,
    assert_every_day_is_queued,
    assert_same,
)
from reporting_pipeline_tests.acceptance.shipped_papers import (
    BRIDGE,
    STATEMENTS,
    ShippedPaper,
    months_of,
    settlements,
)
from reporting_pipeline_tests.oracle.arrival import random_split
from reporting_pipeline_tests.oracle.books import Books, union
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.papers import Key, Paper
from reporting_pipeline_tests.oracle.random_books import dice, random_books
from reporting_pipeline_tests.oracle.touched import changed_days, touchable_days

_NOTHING = Books.of({})
_BATCHES = 3
_LAST_DAY = date(2026, 12, 31)


@dataclass
class _Count:
    """How much of a history has been compared, for the reader of the test's output."""

    cells: int = 0
    paper_rows: int = 0
    paper_figures: int = 0
    settlement_lines: int = 0
    touched_days: int = 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each seed that is asked for."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("--histories")))


def test_a_history_with_late_batches_gives_the_tables_and_papers_of_the_oracle(
    seed: int, pipeline: Pipeline, tmp_path: Path
) -> None:
    rng = dice(seed)
    batches = random_split(_history(seed, rng, tmp_path), rng, _BATCHES)
    count = _Count()

    before, former = _NOTHING, expected_tables(_NOTHING)
    for number, books in enumerate(accumulate(batches, Books.merged)):
        pipeline.arrive(batches[number])
        pipeline.land()
        expected = expected_tables(books)
        changed, touchable = changed_days(former, expected), touchable_days(before, books)
        if number == 0:
            assert_every_day_is_queued(pipeline.queue(), changed)
        for table, queued in pipeline.queue().items() if number else ():
            assert changed[table] <= queued <= touchable[table], f"batch {number}: {table}"
            count.touched_days += len(queued)
        pipeline.build_touched()
        assert_same(expected, pipeline.tables(), f"after batch {number}:")
        count.cells += sum(len(row) for table in expected.values() for row in table.values())
        _assert_papers(pipeline, books, count)
        before, former = books, expected

    print(f"history {seed}: {count}")  # noqa: T201 - pytest shows it with -s or -rP


def _history(seed: int, rng: Random, folder: Path) -> Books:
    plan = Plan(
        seed=seed,
        order_count=60,
        day_count=75,
        organization_count=2,
        first_day=date(2025, 8, 1),
        event_count=3,
    )
    generated = Books.from_dump(generate_dump(plan, folder / "dump"))
    return union([generated, *(random_books(rng) for _ in range(3))])


def _assert_papers(pipeline: Pipeline, books: Books, count: _Count) -> None:
    months = months_of(books)
    with warehouse_connection(pipeline.warehouse) as connection:
        for paper in (*map(_of_any_books, STATEMENTS), BRIDGE):
            expected = paper.expected(books, months)
            assert _differences(paper.rows(connection, months), expected) == [], paper.slug
            count.paper_rows += len(expected)
            count.paper_figures += sum(map(len, expected.values()))
        for key, oracle, lines in settlements(connection, books, _LAST_DAY):
            assert lines == oracle, key
            count.settlement_lines += len(lines)


def _of_any_books(paper: ShippedPaper) -> ShippedPaper:
    """The paper; that of gift cards with one figure for sold, returned and other.

    A gift card that is booked on another account is a break. The report shows it as sold, as the
    revenue does, and takes it off in Other; on the account it is nothing.
    """
    if paper.slug != "gift-cards":
        return paper
    joined = ("sold", "returned", "other")

    def compute(books: Books) -> Paper:
        return {
            key: {name: minor for name, minor in figures.items() if name not in joined}
            | {"other": sum(figures.get(name, 0) for name in joined)}
            for key, figures in paper.compute(books).items()
        }

    columns = {
        column: ("other" if figure in joined else figure, sign)
        for column, (figure, sign) in paper.columns.items()
    }
    return replace(paper, compute=compute, columns=columns)


def _differences(found: Paper, expected: Paper) -> list[tuple[Key, str, int, int]]:
    """Key, figure, found and expected of each figure that differs."""
    return [
        (key, name, found.get(key, {}).get(name, 0), expected.get(key, {}).get(name, 0))
        for key in sorted(found.keys() | expected.keys(), key=str)
        for name in sorted(found.get(key, {}).keys() | expected.get(key, {}).keys())
        if found.get(key, {}).get(name, 0) != expected.get(key, {}).get(name, 0)
    ]
