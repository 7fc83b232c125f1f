"""A whole inspection of one source."""

from collections.abc import Mapping

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.sources.inspect import inspect_source


def test_source_of_its_owner_is_as_promised_but_writable(
    contract_urls: Mapping[str, URL],
) -> None:
    inspection = inspect_source(contract_urls["seating"], "seating", timeout_seconds=10)

    assert inspection.problems == ()
    assert not inspection.is_broken
    assert len(inspection.writable_rights) == 3


def test_source_that_is_down_is_named(source_urls: Mapping[str, URL]) -> None:
    url = source_urls["seating"].set(database="not_there")

    with pytest.raises(SourceUnavailable, match="source seating is down or too slow: ") as down:
        inspect_source(url, "seating", timeout_seconds=10)

    assert down.value.facts == {"domain": "seating"}
