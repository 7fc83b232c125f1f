"""Books that use all of contract 1.1 give every figure of an independent implementation."""

import json

import pytest

from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.books import BOOKS
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.compare import read_csv_tables
from reporting_pipeline_tests.oracle.report_tables import ReportTable
from reporting_pipeline_tests.oracle.touched import changed_days

_LATE = BOOKS / "late"


@pytest.mark.parametrize("name", ["clean", "faults"])
def test_the_tables_of_version_2_are_reproduced(name: str, pipeline: Pipeline) -> None:
    dump = BOOKS / name / "dump"
    load_dump(dump, pipeline.sources)

    landed = pipeline.land()
    pipeline.build_all()

    assert landed.new_count == Books.from_dump(dump).row_count()
    _assert_as_in(name, "expected", pipeline.tables())
    assert pipeline.queue() == {}


def test_late_rows_change_the_listed_partitions_and_no_others(pipeline: Pipeline) -> None:
    load_dump(_LATE / "batch1", pipeline.sources)
    pipeline.land()
    pipeline.build_touched()
    before = pipeline.tables()
    _assert_as_in("late", "expected1", before)

    load_dump(_LATE / "batch2", pipeline.sources)
    pipeline.land()
    queue = pipeline.queue()
    pipeline.build_touched()

    after = pipeline.tables()
    _assert_as_in("late", "expected2", after)
    listed = json.loads((_LATE / "changed.json").read_text(encoding="utf-8"))["partitions"]
    changed = changed_days(before, after)
    for table in changed:
        assert sorted({f"{day}" for _, day in changed[table]}) == listed.get(table, []), table
        assert changed[table] <= queue.get(table, set()), table


def _assert_as_in(name: str, folder: str, actual: dict[str, ReportTable]) -> None:
    assert_same(read_csv_tables(BOOKS / name / folder), actual)
