"""The bundled organisation with everything gives every figure of the oracle, without errors."""

from pathlib import Path

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables


def test_every_figure_is_that_of_the_oracle(organizer: Pipeline, organizer_dump: Path) -> None:
    assert_same(expected_tables(Books.from_dump(organizer_dump)), organizer.tables())
    assert organizer.queue() == {}


def test_no_break_holds_its_reports(organizer: Pipeline) -> None:
    assert organizer.tables()["report_reconciliation_breaks"] == {}


def test_no_check_finds_more_than_a_warning(organizer: Pipeline) -> None:
    assert {each.severity for each in organizer.discrepancies()} <= {Severity.WARN}
