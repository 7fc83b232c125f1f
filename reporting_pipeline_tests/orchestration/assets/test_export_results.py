"""A step of reports fails or succeeds by its results, and is retried if that may help."""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.batch import DueResult
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.errors import DefinitionInvalid, StoreUnavailable
from reporting_pipeline.orchestration.assets.export_results import BatchSummary, end_step
from reporting_pipeline.orchestration.assets.tables import Names
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.parse import parse_definition
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE

DEFINITION = parse_definition({**REVENUE, "organization_id": str(BERLIN)}).as_version(1)
PERIOD = Period(first=date(2025, 9, 10), end=date(2025, 9, 11))
DUE = DueReport(as_of=PERIOD.end, request=ReportRequest(definition=DEFINITION, period=PERIOD))
REFUSED = DueResult(due=DUE, error=DefinitionInvalid("no such column"))
STORE_DOWN = DueResult(due=DUE, error=StoreUnavailable("no answer"))
FAULT = DueResult(due=DUE, error=ZeroDivisionError("1 / 0"))


def summary(*results: DueResult) -> BatchSummary:
    batch = BatchSummary()
    for result in results:
        batch.add(result)
    return batch


@pytest.mark.parametrize(
    ("results", "said", "is_repeated"),
    [
        ([REFUSED], "1 of 1 files failed; .* DefinitionInvalid: no such column", False),
        ([REFUSED, STORE_DOWN], "2 of 2 files failed; .* StoreUnavailable: no answer", True),
        ([REFUSED, FAULT], "2 of 2 files failed", False),
        ([FAULT, STORE_DOWN], "2 of 2 files failed; .* StoreUnavailable", True),
    ],
)
def test_a_step_is_retried_only_if_that_may_help(
    results: Sequence[DueResult], said: str, is_repeated: bool
) -> None:
    with pytest.raises(dg.Failure, match=said) as raised:
        end_step([summary(), summary(*results)], Names())

    assert raised.value.allow_retries is is_repeated
    if FAULT in results:
        assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_step_without_reports_succeeds() -> None:
    end_step([summary()], Names())
