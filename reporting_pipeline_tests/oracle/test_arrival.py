"""Batches of books arrive completely, and as the contract promises."""

from datetime import datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_pipeline_tests.oracle.arrival import LATEST, random_split, with_arrival_clocks
from reporting_pipeline_tests.oracle.books import Books, union
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.random_books import books, dice, seeds
from reporting_pipeline_tests.oracle.source_tables import PARENTS, Row, record_clock

_SPLITS = settings(max_examples=60, deadline=None, derandomize=True)
_BATCHES = st.integers(min_value=1, max_value=5)


def _without_clocks(found: Books) -> dict[str, dict[str, Row]]:
    """All values except the record clocks that no report reads."""
    return {
        table: {
            identity: {
                column: value
                for column, value in row.items()
                if column not in ("recorded_at", "updated_at")
            }
            for identity, row in rows.items()
        }
        for table, rows in found.tables.items()
    }


def _assert_clocks_keep_the_promise(batches: list[Books]) -> None:
    largest: dict[str, datetime] = {}
    for batch in batches:
        for table, rows in batch.tables.items():
            clocks = [row[record_clock(table)] for row in rows.values()]
            if clocks and table in largest:
                assert min(clocks) >= largest[table] - LATEST, table
            if clocks:
                largest[table] = max(*clocks, largest.get(table, clocks[0]))


def _assert_parents_arrive_first(batches: list[Books]) -> None:
    arrived = Books.of({})
    for batch in batches:
        arrived = arrived.merged(batch)
        for table, parents in PARENTS.items():
            for row in batch[table].values():
                named = {column: parent for column, parent in parents.items() if row[column]}
                assert all(row[column] in arrived[parent] for column, parent in named.items())


@_SPLITS
@given(books=books(), seed=seeds(), batches=_BATCHES)
def test_the_union_of_the_batches_is_the_books(books: Books, seed: int, batches: int) -> None:
    split = random_split(books, dice(seed), batches)

    assert len(split) == batches
    assert _without_clocks(union(split)) == _without_clocks(books)
    assert expected_tables(union(split)) == expected_tables(books)


@_SPLITS
@given(books=books(), seed=seeds(), batches=_BATCHES)
def test_batches_keep_references_and_record_clocks(books: Books, seed: int, batches: int) -> None:
    split = random_split(books, dice(seed), batches)

    _assert_parents_arrive_first(split)
    _assert_clocks_keep_the_promise(split)


def test_the_season_can_be_split_like_other_books(season_dump: Path) -> None:
    season = Books.from_dump(season_dump)

    split = random_split(season, dice(1), 4)

    assert all(batch.row_count() > 100 for batch in split)
    assert sum(batch.row_count() for batch in split) > season.row_count()  # older versions
    _assert_parents_arrive_first(split)
    _assert_clocks_keep_the_promise(split)
    assert expected_tables(union(split)) == expected_tables(season)


def test_the_second_half_gets_clocks_that_landing_still_reads(season_dump: Path) -> None:
    season = Books.from_dump(season_dump)
    entries = sorted(season["ledger.entries"])
    early = set(entries[: len(entries) // 2])
    halves = [
        season.select(lambda _, row: row["id"] not in early),
        season.select(lambda table, row: table != "ledger.entries" or row["id"] in early),
    ]

    arrived = with_arrival_clocks(halves, dice(1))

    _assert_clocks_keep_the_promise(arrived)
    assert _without_clocks(union(arrived)) == _without_clocks(season)
