"""The bundled season gives all its published figures, without errors of checks."""

from pathlib import Path

import pytest

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.compare import published_part, read_csv_tables


@pytest.fixture(scope="module")
def built_season(shared_pipeline: Pipeline, season_dump: Path) -> Pipeline:
    """The season, loaded, landed and built."""
    load_dump(season_dump, shared_pipeline.sources)
    shared_pipeline.land()
    shared_pipeline.build_all()
    return shared_pipeline


def test_every_published_figure_is_reproduced(built_season: Pipeline, season_dump: Path) -> None:
    published = read_csv_tables(season_dump / "expected")

    assert sum(map(len, published.values())) == 1_643
    assert_same(published, published_part(built_season.tables(), published))


def test_only_unsettled_orders_are_breaks(built_season: Pipeline) -> None:
    breaks = built_season.tables()["report_reconciliation_breaks"]

    assert {row["kind"] for row in breaks.values()} == {"settlement"}


def test_no_check_finds_more_than_a_warning(built_season: Pipeline) -> None:
    found = built_season.discrepancies()

    assert {(each.check, each.severity) for each in found} == {
        ("sales_tie_to_ledger", Severity.WARN)
    }
    assert all(each.message.startswith("settlement: order ") for each in found)
    assert len(found) == 19


def test_no_day_is_left_to_rebuild(built_season: Pipeline) -> None:
    assert built_season.queue() == {}
