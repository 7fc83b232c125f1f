"""The tree of errors in the docstring is the real one, and every error can be pickled."""

import inspect
import pickle
import re

import pytest

from reporting_pipeline import errors
from reporting_pipeline.errors import ReportingError

ERRORS = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, ReportingError)
]
_LINE = re.compile(r"(?P<indent> +)(?P<name>[A-Z]\w+)(?= |$)(?P<description>.*)")


def test_every_error_is_drawn_under_its_parent() -> None:
    parents = {error.__name__: error.__bases__[0].__name__ for error in ERRORS}
    assert {name: parent for name, parent, _ in _drawn()} == parents


def test_retryable_errors_are_marked_in_the_drawing() -> None:
    retryable = {error.__name__ for error in ERRORS if error.retryable}
    assert {name for name, _, description in _drawn() if "(retryable)" in description} == retryable


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_errors_are_described_in_a_sentence(error: type[ReportingError]) -> None:
    assert (error.__doc__ or "").partition("\n")[0].endswith((".", "step."))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_is_unchanged_after_pickling(error: type[ReportingError]) -> None:
    raised = error("no such thing: expected 1, found 2", domain="ledger")
    copy = pickle.loads(pickle.dumps(raised))  # noqa: S301 - our own bytes
    assert type(copy) is error
    assert (str(copy), copy.message, copy.facts) == (str(raised), raised.message, raised.facts)


def _drawn() -> list[tuple[str, str, str]]:
    """Name, parent and description of each error that the module's docstring draws."""
    found: list[tuple[str, str, str]] = []
    above: list[tuple[int, str]] = [(-1, Exception.__name__)]
    for line in (errors.__doc__ or "").splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            indent = len(match["indent"])
            while above[-1][0] >= indent:
                above.pop()
            found.append((match["name"], above[-1][1], match["description"]))
            above.append((indent, match["name"]))
    return found
