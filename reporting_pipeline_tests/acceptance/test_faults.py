"""A planted fault of each kind of break is found with its kind and ids, and nothing else is."""

from dataclasses import dataclass

import pytest

from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.report_tables import BREAK_KINDS
from reporting_pipeline_tests.acceptance.faults import FAULTS, PlainOrder, plain_orders
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import BREAKS, KEYS, ReportRow, ReportTable

_IDS = ("event_id", "order_id", "transaction_id", "entry_id")


@dataclass(frozen=True, kw_only=True)
class _Faulty:
    """The season with all faults, landed and built.

    Attributes:
        orders: Kind of break -> the order with the fault.
        planted: Break kind -> the breaks that it must make.
        discrepancies: What all checks found over all days.
    """

    books: Books
    pipeline: Pipeline
    orders: dict[str, PlainOrder]
    planted: dict[str, list[ReportRow]]
    discrepancies: list[Discrepancy]

    def found_by(self, check: str) -> list[Discrepancy]:
        return [each for each in self.discrepancies if each.check == check]


@pytest.fixture(scope="module")
def faulty(shared_pipeline: Pipeline, season: Books) -> _Faulty:
    # Every fourth order, so that the faults are on different days.
    orders = dict(zip(FAULTS, plain_orders(season)[::4], strict=False))
    planted: dict[str, list[ReportRow]] = {}
    books = season
    for kind, plant in FAULTS.items():
        books, planted[kind] = plant(books, orders[kind])
    shared_pipeline.arrive(books)
    shared_pipeline.land()
    shared_pipeline.build_all()
    return _Faulty(
        books=books,
        pipeline=shared_pipeline,
        orders=orders,
        planted=planted,
        discrepancies=shared_pipeline.discrepancies(),
    )


def test_there_is_a_fault_of_every_kind_of_break() -> None:
    assert FAULTS.keys() == set(BREAK_KINDS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_found_with_its_kind_ids_and_amounts(kind: str, faulty: _Faulty) -> None:
    concerned = {faulty.orders[kind].order_id, faulty.orders[kind].payment_id}
    found = {
        key: row
        for key, row in faulty.pipeline.tables()[BREAKS].items()
        if {row["order_id"], row["transaction_id"]} & concerned
    }

    assert_same({BREAKS: _keyed(faulty.planted[kind])}, {BREAKS: found})


def test_nothing_else_is_found(faulty: _Faulty, season: Books) -> None:
    planted = [row for rows in faulty.planted.values() for row in rows]
    expected = expected_tables(season)[BREAKS] | _keyed(planted)

    assert_same({BREAKS: expected}, faulty.pipeline.tables())


def test_all_tables_agree_with_the_faulty_books(faulty: _Faulty) -> None:
    assert_same(expected_tables(faulty.books), faulty.pipeline.tables())


@pytest.mark.parametrize("kind", FAULTS)
def test_the_check_names_the_fault_and_fails_unless_it_is_a_warning(
    kind: str, faulty: _Faulty
) -> None:
    severity = Severity.WARN if kind in ("timing", "settlement") else Severity.ERROR
    expected = [
        (
            row["date"],
            severity,
            row["organization_id"],
            {name: row[name] for name in _IDS if row[name]},
            (row["currency"], row["ticketing_minor"], row["ledger_minor"]),
        )
        for row in faulty.planted[kind]
    ]
    found = [
        (
            each.day,
            each.severity,
            str(each.organization_id),
            {name: str(value) for name, value in each.ids.items()},
            (each.currency, each.expected, each.found),
        )
        for each in faulty.found_by("sales_tie_to_ledger")
        if each.message.startswith(f"{kind}: ")
    ]

    assert all(each in found for each in expected)
    if severity is Severity.ERROR:
        assert len(found) == len(expected)


def test_the_checks_of_the_ledger_name_the_transaction_and_the_entry(faulty: _Faulty) -> None:
    [unbalanced] = faulty.found_by("transactions_balanced")
    [unclassified] = faulty.found_by("entries_classified")
    [row] = faulty.planted["unclassified"]

    assert str(unbalanced.ids["transaction_id"]) == faulty.orders["unbalanced"].payment_id
    assert (unbalanced.expected, unbalanced.found) == (
        faulty.orders["unbalanced"].minor - 7,
        faulty.orders["unbalanced"].minor,
    )
    assert str(unclassified.ids["entry_id"]) == row["entry_id"]
    assert {unbalanced.severity, unclassified.severity} == {Severity.ERROR}


def test_tables_of_faulty_books_pass_their_own_checks(faulty: _Faulty) -> None:
    assert {each.check for each in faulty.discrepancies} == {
        "sales_tie_to_ledger",
        "transactions_balanced",
        "entries_classified",
        "tickets_equal_units",  # of the order whose movement is missing
        "upstream_promises",
        "references_within_organization",  # of the charge elsewhere
    }


def test_a_charge_of_another_place_breaks_a_promise_of_the_ledger(faulty: _Faulty) -> None:
    concerned = {str(each.ids["transaction_id"]) for each in faulty.found_by("upstream_promises")}

    assert concerned == {faulty.orders[kind].sale_id for kind in ("organization", "currency")}


def _keyed(rows: list[ReportRow]) -> ReportTable:
    return {tuple(row[column] for column in KEYS[BREAKS]): row for row in rows}
