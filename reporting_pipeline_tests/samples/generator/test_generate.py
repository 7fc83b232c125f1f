"""Generated books are the same for one seed, loadable, reconciled and varied, in flat memory."""

import filecmp
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import BREAKS, SUMMARY

FIRST_DAY = date(2025, 1, 1)


def plan(*, seed: int = 1, orders: int = 400, days: int = 60, organizations: int = 3) -> Plan:
    return Plan(
        seed=seed,
        order_count=orders,
        day_count=days,
        organization_count=organizations,
        first_day=FIRST_DAY,
    )


@pytest.mark.parametrize("is_packed", [False, True])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, is_packed: bool) -> None:
    one = generate_dump(plan(), tmp_path / "one", is_packed=is_packed)
    two = generate_dump(plan(), tmp_path / "two", is_packed=is_packed)

    names = [path.name for path in one.iterdir()]
    assert len(names) == len(TABLES)
    assert filecmp.cmpfiles(one, two, names, shallow=False) == (names, [], [])


def test_another_seed_gives_other_ids(tmp_path: Path) -> None:
    one = Books.from_dump(generate_dump(plan(seed=1), tmp_path / "one"))
    two = Books.from_dump(generate_dump(plan(seed=2), tmp_path / "two"))

    for table, rows in one.tables.items():
        assert not rows.keys() & two[table].keys()


@pytest.mark.parametrize(
    "size",
    [
        {},
        {"seed": 7, "orders": 300, "days": 200, "organizations": 8},
        {"orders": 40, "days": 1, "organizations": 1},
        {"orders": 0, "days": 3},
        {"orders": 2, "days": 400, "organizations": 20},
    ],
)
def test_generated_books_load_and_have_no_breaks(
    source_urls: Mapping[str, URL], tmp_path: Path, size: dict[str, int]
) -> None:
    dump = generate_dump(plan(**size), tmp_path / "dump")

    result = load_dump(dump, source_urls)

    assert result.tables["ticketing.orders"].new_count == size.get("orders", 400)
    assert expected_tables(Books.from_dump(dump))[BREAKS] == {}


def test_eight_organisations_have_eight_currencies(tmp_path: Path) -> None:
    books = Books.from_dump(generate_dump(plan(organizations=8), tmp_path / "dump"))

    assert len({row["currency"] for row in books["ticketing.events"].values()}) == 8


def test_no_event_sells_more_seats_than_it_has(tmp_path: Path) -> None:
    books = Books.from_dump(generate_dump(plan(orders=1_500, organizations=1), tmp_path / "dump"))

    summary = expected_tables(books)[SUMMARY].values()

    seated = [row for row in summary if row["capacity_count"]]
    assert max(row["sold_to_date_count"] for row in seated) > 100
    assert min(row["unsold_count"] for row in seated) >= 0
    assert min(row["no_show_count"] or 0 for row in seated) >= 0


def test_no_report_day_is_before_the_first(tmp_path: Path) -> None:
    tables = expected_tables(Books.from_dump(generate_dump(plan(), tmp_path / "dump")))

    assert min(row["date"] for table in tables.values() for row in table.values()) == FIRST_DAY


def test_memory_does_not_grow_with_orders(tmp_path: Path) -> None:
    few = _peak_bytes(plan(orders=200), tmp_path / "few")
    many = _peak_bytes(plan(orders=2_000), tmp_path / "many")

    # Ten times the orders; only the totals per event and day take slightly more memory.
    assert many < few * 1.2


def test_a_folder_that_is_not_empty_is_refused_and_unchanged(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.touch()

    with pytest.raises(DumpRefused, match="is not an empty folder"):
        generate_dump(plan(orders=1), tmp_path)

    assert list(tmp_path.iterdir()) == [kept]


def test_organisations_have_as_many_events_as_asked_for(tmp_path: Path) -> None:
    of = replace(plan(orders=100, organizations=2), event_count=31)

    books = Books.from_dump(generate_dump(of, tmp_path / "dump"))

    assert len(books["ticketing.events"]) == 62
    assert len({row["name"] for row in books["ticketing.events"].values()}) == 62


def test_a_plan_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 event of each organisation, not 0"):
        replace(plan(), event_count=0)


def test_a_plan_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0 orders, 1 day and 1 organisation, not 5, 0"):
        plan(orders=5, days=0)


def _peak_bytes(of: Plan, directory: Path) -> int:
    tracemalloc.start()
    try:
        generate_dump(of, directory)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
