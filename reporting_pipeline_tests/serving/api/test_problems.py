"""Every error of the tree has a status, and no failure of ours shows what it is about."""

import inspect

import pytest

from reporting_pipeline import errors
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.serving.api.problems import STATUSES, status_of

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, ReportingError)
]


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
def test_every_error_has_a_status_of_a_failure(error: type[ReportingError]) -> None:
    assert 400 <= status_of(error("text")) <= 503


def test_a_failure_that_may_end_by_itself_is_never_the_fault_of_the_caller() -> None:
    own = {each for each in CLASSES if each.retryable and each is not errors.TooManyCalls}

    assert {status_of(each("text")) for each in own} <= {500, 503}


def test_the_table_names_only_errors_of_the_tree() -> None:
    assert set(STATUSES) <= set(CLASSES)
