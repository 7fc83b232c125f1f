"""What opens, changes and is over, by what stands and what is open."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing, StoredAlert
from reporting_pipeline.alerts.compare import compare
from reporting_pipeline.domain.discrepancy import Severity

AT = datetime(2026, 1, 1, tzinfo=UTC)


def alert(cause: str, message: str = "it stands") -> Alert:
    return Alert(kind=AlertKind.SOURCE_DOWN, cause=cause, severity=Severity.ERROR, message=message)


def stored(cause: str) -> StoredAlert:
    return StoredAlert(id=len(cause), alert=alert(cause), opened_at=AT, updated_at=AT)


@pytest.mark.parametrize(
    ("stands", "is_open", "opened", "updated", "resolved"),
    [
        ([], [], [], [], []),
        ([alert("a")], [], ["a"], [], []),
        ([alert("a")], ["a"], [], [], []),
        ([alert("a", "otherwise")], ["a"], [], ["a"], []),
        ([replace(alert("a"), facts={"tries": 2})], ["a"], [], ["a"], []),
        ([replace(alert("a"), severity=Severity.WARN)], ["a"], [], ["a"], []),
        ([], ["a"], [], [], ["a"]),
        ([alert("b"), alert("a", "otherwise")], ["a", "c"], ["b"], ["a"], ["c"]),
    ],
)
def test_differences(
    stands: list[Alert],
    is_open: list[str],
    opened: list[str],
    updated: list[str],
    resolved: list[str],
) -> None:
    found = compare(Standing(alerts=stands), map(stored, is_open))

    assert [each.cause for each in found.opened] == opened
    assert [new.cause for _, new in found.updated] == updated
    assert [each.alert.cause for each in found.resolved] == resolved


def test_what_nothing_can_be_said_of_stays_as_it_is() -> None:
    standing = Standing(alerts=[alert("a", "otherwise"), alert("b")], undecided=frozenset("abc"))

    found = compare(standing, [stored("a"), stored("c")])

    assert (found.opened, found.updated, found.resolved) == ((), (), ())
