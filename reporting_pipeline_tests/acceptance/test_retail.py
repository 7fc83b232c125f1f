"""Every figure of seven months of a real online shop, 250,000 lines, is reproduced.

UCI Online Retail, as orders and a ledger: 37 organisations, real refunds, duplicates, bad debts and
days without trade. Its licence is not verified, so it is not shipped: it is beside the repository.
"""

from pathlib import Path

import pytest

from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.compare import published_part, read_csv_tables

_REPOSITORY = Path(__file__).parents[2]
_RETAIL = _REPOSITORY.parent / "shared" / "data" / "retail"


@pytest.mark.skipif(
    not _RETAIL.is_dir(),
    reason=f"no retail data in {_RETAIL}: it is not shipped, because its licence is not verified; "
    "every run has the season and three sets of books",
)
def test_every_published_figure_is_reproduced(pipeline: Pipeline) -> None:
    load_dump(_RETAIL, pipeline.sources)
    landed = pipeline.land()
    pipeline.build_all()

    movements = next(t for t in landed.tables if t.table_name == "order_line_movements")
    assert movements.new_count > 200_000
    published = read_csv_tables(_RETAIL / "expected2")
    assert_same(published, published_part(pipeline.tables(), published))
    assert pipeline.queue() == {}
