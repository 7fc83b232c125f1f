"""Books that use all of contract 1.1 give every figure of an independent implementation."""

import pytest

from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.books import BOOKS
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.compare import read_csv_tables
from reporting_pipeline_tests.oracle.report_tables import VERSION_2


@pytest.mark.parametrize("name", ["clean", "faults"])
def test_the_tables_of_version_2_are_reproduced(name: str, pipeline: Pipeline) -> None:
    dump = BOOKS / name / "dump"
    load_dump(dump, pipeline.sources)

    landed = pipeline.land()
    pipeline.build_all()

    assert landed.new_count == Books.from_dump(dump).row_count()
    expected = read_csv_tables(BOOKS / name / "expected")
    actual = pipeline.tables()
    for table in VERSION_2:
        assert_same({table: expected[table]}, {table: actual[table]})
    assert pipeline.queue() == {}
