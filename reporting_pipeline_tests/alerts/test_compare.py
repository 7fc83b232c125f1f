"""The comparison of current causes with open alerts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reporting_pipeline.alerts.alert import Alert, AlertKind, CurrentCauses, StoredAlert
from reporting_pipeline.alerts.evaluation import compare
from reporting_pipeline.domain.discrepancy import Severity

AT = datetime(2026, 1, 1, tzinfo=UTC)


def alert(cause: str, message: str = "it exists") -> Alert:
    return Alert(kind=AlertKind.SOURCE_DOWN, cause=cause, severity=Severity.ERROR, message=message)


def stored(cause: str) -> StoredAlert:
    return StoredAlert(id=len(cause), alert=alert(cause), opened_at=AT, updated_at=AT)


@pytest.mark.parametrize(
    ("current", "is_open", "opened", "updated", "resolved"),
    [
        ([], [], [], [], []),
        ([alert("a")], [], ["a"], [], []),
        ([alert("a")], ["a"], [], [], []),
        ([alert("a", "changed")], ["a"], [], ["a"], []),
        ([replace(alert("a"), facts={"tries": 2})], ["a"], [], ["a"], []),
        ([replace(alert("a"), severity=Severity.WARN)], ["a"], [], ["a"], []),
        ([], ["a"], [], [], ["a"]),
        ([alert("b"), alert("a", "changed")], ["a", "c"], ["b"], ["a"], ["c"]),
    ],
)
def test_causes_open_update_and_resolve_alerts(
    current: list[Alert],
    is_open: list[str],
    opened: list[str],
    updated: list[str],
    resolved: list[str],
) -> None:
    found = compare(CurrentCauses(alerts=current), map(stored, is_open))

    assert [each.cause for each in found.opened] == opened
    assert [new.cause for _, new in found.updated] == updated
    assert [each.alert.cause for each in found.resolved] == resolved


def test_the_alerts_of_undecided_causes_stay_as_they_are() -> None:
    causes = CurrentCauses(alerts=[alert("a", "changed"), alert("b")], undecided=frozenset("abc"))

    found = compare(causes, [stored("a"), stored("c")])

    assert (found.opened, found.updated, found.resolved) == ((), (), ())
