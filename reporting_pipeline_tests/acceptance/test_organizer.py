"""The bundled organisation with everything gives every figure of the oracle, without errors."""

from pathlib import Path

import pytest

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.samples.generator import generate_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of the organisation."""
    return generate_dump(ORGANIZER, tmp_path_factory.mktemp("dumps") / "organizer")


@pytest.fixture(scope="module")
def built(shared_pipeline: Pipeline, dump: Path) -> Pipeline:
    """The organisation, loaded, landed and built."""
    load_dump(dump, shared_pipeline.sources)
    shared_pipeline.land()
    shared_pipeline.build_all()
    return shared_pipeline


def test_every_figure_is_that_of_the_oracle(built: Pipeline, dump: Path) -> None:
    assert_same(expected_tables(Books.from_dump(dump)), built.tables())
    assert built.queue() == {}


def test_no_break_holds_its_reports(built: Pipeline) -> None:
    assert built.tables()["report_reconciliation_breaks"] == {}


def test_no_check_finds_more_than_a_warning(built: Pipeline) -> None:
    assert {each.severity for each in built.discrepancies()} <= {Severity.WARN}
