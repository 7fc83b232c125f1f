"""What went wrong with a source is known until a landing reads it."""

import logging

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable
from reporting_pipeline.sources.landing.faults import remember_fault
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import land_all, query

_FAULTS = "select domain, error, try_count, since < last_at from landing.source_faults"


def test_a_source_that_is_down_is_known_until_it_is_read(landed: Pipeline) -> None:
    down = {**landed.sources, "scanning": landed.sources["scanning"].set(port=1)}
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            land_all(down, landed.warehouse)

    assert query(landed.warehouse, _FAULTS) == [("scanning", "SourceUnavailable", 2, True)]

    land_all(landed.sources, landed.warehouse)
    assert query(landed.warehouse, _FAULTS) == []


def test_another_error_is_another_beginning(warehouse_url: URL) -> None:
    remember_fault(warehouse_url, SourceUnavailable("it is down", domain="ledger"))
    remember_fault(warehouse_url, SourceContractBroken("a column is gone", domain="ledger"))

    assert query(warehouse_url, _FAULTS) == [("ledger", "SourceContractBroken", 2, False)]


def test_the_error_of_the_source_is_the_one_that_is_raised(
    landed: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    nowhere = landed.warehouse.set(port=1)

    remember_fault(nowhere, SourceUnavailable("it is down", domain="ledger"))

    assert "that source ledger could not be landed was not written down" in caplog.text
