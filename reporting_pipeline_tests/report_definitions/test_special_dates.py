"""Words that PostgreSQL takes for a date are refused: a report does not depend on the clock."""

from datetime import date
from uuid import UUID

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE

_WORDS = [
    "now",
    "today",
    "tomorrow",
    "yesterday",
    "infinity",
    "-infinity",
    "epoch",
    "allballs",
    "NOW",
]
_PERIOD = Period(first=date(2026, 10, 1), end=date(2026, 11, 1))
_CONFIGS: dict[str, dict[str, object]] = {
    "date": {"dataset": "order_movements", "columns": ["date", "order_id"]},
    "occurred_at": {"dataset": "order_movements", "columns": ["occurred_at", "order_id"]},
}


def _filters(column: str, word: str) -> list[dict[str, object]]:
    """Each filter that a column may have, with the word as its value."""
    ranges: list[dict[str, object]] = [
        {"operator": "range", "from": word},
        {"operator": "range", "to": word},
    ]
    equals: list[dict[str, object]] = [
        {"operator": "=", "value": word},
        {"operator": "in", "values": [word]},
        {"operator": "not_in", "values": [word]},
    ]
    found = [*ranges, *(equals if column == "date" else [])]
    return [{"column": column, **each} for each in found]


@pytest.mark.parametrize("word", _WORDS)
@pytest.mark.parametrize("column", list(_CONFIGS))
def test_a_word_for_a_date_is_refused_when_a_definition_is_applied(column: str, word: str) -> None:
    expected = {"date": "a day such as 2026-02-28", "occurred_at": "an instant with its offset"}
    for each in _filters(column, word):
        config = {**_CONFIGS[column], "period": "previous_day", "filters": [each]}
        with pytest.raises(DefinitionInvalid) as raised:
            parse_definition({**REVENUE, "organization_id": str(BERLIN), "config": config})
        assert f"found '{word}', expected {expected[column]}" in str(raised.value)


@pytest.mark.parametrize("word", _WORDS)
@pytest.mark.parametrize("column", list(_CONFIGS))
def test_a_word_for_a_date_is_refused_when_a_stored_definition_is_requested(
    column: str, word: str
) -> None:
    for each in _filters(column, word):
        stored = {**_CONFIGS[column], "period": "previous_day", "filters": [each]}
        config = ReportConfig.model_validate(stored)
        with pytest.raises(DefinitionInvalid, match=r"expected an? "):
            compile_report(config, UUID(int=1), _PERIOD)


@pytest.mark.parametrize("word", _WORDS)
def test_a_word_is_no_period_of_a_request(word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Period.of_token(word)
