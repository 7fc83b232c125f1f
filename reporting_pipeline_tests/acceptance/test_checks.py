"""The checks find errors in the books, and no errors of the build."""

import pytest

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.random_books import dice, random_books
from reporting_pipeline_tests.oracle.report_tables import BREAKS

# The checks that compare a report table with its source rows.
OF_THE_BUILD = (
    "table_contract",
    "revenue_equals_entries",
    "tax_equals_revenue",
    "accounts_equal_entries",
    "accounts_balanced",
    "payable_equals_revenue",
    "summary_equals_dailies",
)


# Seed 5 has the kinds of cash that the others lack, such as a chargeback reversal.
@pytest.mark.parametrize("seed", [*range(4), 5])
def test_errors_in_the_books_are_not_errors_of_the_build(seed: int, pipeline: Pipeline) -> None:
    pipeline.arrive(random_books(dice(seed)))
    pipeline.land()
    pipeline.build_all()

    found = _found(pipeline)

    assert [each.message for each in found if each.check in OF_THE_BUILD] == []
    kinds = [row["kind"] for row in pipeline.tables()[BREAKS].values()]
    for check, kind in (
        ("transactions_balanced", "unbalanced"),
        ("entries_classified", "unclassified"),
    ):
        assert sum(each.check == check for each in found) == kinds.count(kind)
    assert sum(each.check == "sales_tie_to_ledger" for each in found) == len(kinds)


def test_landed_rows_that_wait_for_a_build_only_warn(pipeline: Pipeline) -> None:
    pipeline.arrive(random_books(dice(0)))
    pipeline.land()

    found = [each for each in _found(pipeline) if each.check in OF_THE_BUILD]

    assert found
    assert {each.severity for each in found} == {Severity.WARN}


def _found(pipeline: Pipeline) -> list[Discrepancy]:
    days = pipeline.known_days()
    with warehouse_connection(pipeline.warehouse) as connection:
        findings = [check.find(connection, days) for check in CHECKS]
    return [each for of_check in findings for of_day in of_check.values() for each in of_day]
