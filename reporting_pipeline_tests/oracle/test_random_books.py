"""Random books keep the contract, and have everything that their docstring promises."""

from collections import Counter
from collections.abc import Iterator, Mapping

import psycopg
from psycopg import sql
from sqlalchemy import URL, create_engine
from sqlalchemy.schema import CreateSchema

from reporting_pipeline.sources import contract
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.oracle import account_movements, revenue, tax
from reporting_pipeline_tests.oracle.books import Books, union
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.payout_items import item_groups
from reporting_pipeline_tests.oracle.random_books import dice, random_books
from reporting_pipeline_tests.oracle.report_tables import (
    BREAKS,
)
from reporting_pipeline_tests.oracle.sales import MOVEMENTS
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, PARENTS, Row

_SEEDS = range(60)
_POSITIVE = ("sale", "comp", "exchange_in")


def _many() -> Iterator[Books]:
    return (random_books(dice(seed)) for seed in _SEEDS)


def _sign(amount: int) -> int:
    return (amount > 0) - (amount < 0)


def _breaks_no_sign_rule(movement: Row) -> bool:
    parts = [movement[f"{name}_minor"] for name in ("list", "discount", "fee", "tax")]
    signs = {_sign(part) for part in parts} - {0}
    if movement["reason"] == "fee":
        return movement["quantity"] == 0 and not any(parts[:2]) and len(signs) <= 1
    return (
        (movement["reason"] in _POSITIVE) == (movement["quantity"] > 0)
        and signs <= {_sign(movement["quantity"])}
        and abs(parts[1]) <= abs(parts[0])
    )


def test_every_row_has_its_columns_and_only_allowed_nulls() -> None:
    for books in _many():
        for table, rows in books.tables.items():
            for row in rows.values():
                assert row.keys() == COLUMNS[table].keys()
                nulls = {column for column, value in row.items() if value is None}
                assert all(COLUMNS[table][column].endswith("?") for column in nulls)


def test_every_parent_exists() -> None:
    for books in _many():
        for table, parents in PARENTS.items():
            for row in books[table].values():
                named = {column: parent for column, parent in parents.items() if row[column]}
                assert all(row[column] in books[parent] for column, parent in named.items())


def test_movements_scans_and_entries_keep_their_rules() -> None:
    for books in _many():
        assert all(_breaks_no_sign_rule(row) for row in books[MOVEMENTS].values())
        for scan in books["scanning.scans"].values():
            assert (scan["outcome"] == "rejected") == (scan["reject_reason"] is not None)
        assert all(entry["amount_minor"] > 0 for entry in books["ledger.entries"].values())


def test_equal_seeds_give_equal_books() -> None:
    assert random_books(dice(7)) == random_books(dice(7))
    assert random_books(dice(7)) != random_books(dice(8))


def test_every_break_kind_and_every_measure_occurs() -> None:
    kinds: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for books in _many():
        tables = expected_tables(books)
        kinds.update(row["kind"] for row in tables[BREAKS].values())
        for table in tables.keys() - {BREAKS}:
            for row in tables[table].values():
                counted.update(column for column, value in row.items() if value)

    assert set(kinds) == {
        "timing",
        "missing_in_ticketing",
        "missing_in_ledger",
        "organization",
        "currency",
        "duplicate",
        "amount",
        "unbalanced",
        "unclassified",
        "payout_items",
        "settlement",
    }
    assert {"reverted_count", "repeated_upload_count", "reentry_count", "is_final"} <= set(counted)
    assert {"rejected_error_count", "exchanged_out_count", "voided_count"} <= set(counted)
    assert {"day_entry_count", "comped_ticket_count", "sold_rate"} <= set(counted)
    assert {"other_currency_count", "no_show_count"} <= set(counted)
    assert {*revenue.MEASURES, *tax.MEASURES, *account_movements.MEASURES} <= set(counted)


def test_every_kind_of_transaction_account_and_component_occurs() -> None:
    found: set[str] = set()
    for books in _many():
        for posting in postings(books):
            found |= {posting.kind, posting.account_kind, posting.component}

    # 13 kinds, 12 accounts, 16 components; fee is only a kind, adjustment and payout are both
    assert len(found) == 13 + 12 + 16 - 2


def test_payout_items_count_and_do_not_count() -> None:
    groups = [group for books in _many() for group in item_groups(books)]

    counted = [group for group in groups if group.does_count]
    assert {group.transaction["kind"] for group in counted} == {
        "payout",
        "payout_reversal",
        "reserve_hold",
        "reserve_release",
    }
    assert len(groups) > len(counted) + 10


def test_postgresql_accepts_random_books_with_every_constraint_of_the_contract(
    source_urls: Mapping[str, URL],
) -> None:
    books = union(random_books(dice(seed)) for seed in range(20))
    engine = create_engine(source_urls["ticketing"])
    with engine.begin() as owner:
        for domain in contract.DOMAINS:
            owner.execute(CreateSchema(domain))
        contract.metadata.create_all(owner)
    engine.dispose()
    with psycopg.connect(conninfo(source_urls["ticketing"])) as connection:
        for table, columns in COLUMNS.items():
            query = sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(*table.split(".")),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(map(sql.Placeholder, columns)),
            )
            connection.cursor().executemany(query, list(books[table].values()))
            count = connection.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
            ).fetchone()
            assert count == (len(books[table]),)
