"""The limits of the work on a file from outside."""

import resource
from collections.abc import Callable

import pytest

from reporting_pipeline.cli import work_limits
from reporting_pipeline.cli.work_limits import limited_work
from reporting_pipeline.errors import FileUnreadable


def _work_for_ever() -> None:
    while True:
        pass


def _take_much_memory() -> None:
    bytearray(2 * work_limits.MAX_MEMORY_BYTES)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (_work_for_ever, "report.pdf was not read to its end in 0.1 seconds"),
        (_take_much_memory, "report.pdf needs more than 8589934592 bytes of memory"),
    ],
)
def test_work_without_end_is_an_error_and_the_limits_are_taken_back(
    work: Callable[[], None], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_limits, "MAX_SECONDS", 0.1)
    former = resource.getrlimit(resource.RLIMIT_AS)

    with pytest.raises(FileUnreadable, match=message), limited_work("report.pdf"):
        work()

    assert resource.getrlimit(resource.RLIMIT_AS) == former
