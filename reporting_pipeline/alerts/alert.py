"""Alerts as values, and the messages that announce them.

An alert has one cause:

    break             Ticketing and the ledger differ: one order, transaction or entry, by currency
    source_down       a source could not be read at the last attempt
    contract_broken   a source did not match the contract at the last attempt
    source_rows       rows of a source cannot be used, have changed, or have a clock that is ahead
    source_clock      the clock of a source differs from ours
    device            devices at an event have a wrong clock, or contradict each other
    source_stale      a source was not read for too long, for no known reason
    report_held       the seals of its days hold a report
    report_failed     a report could not be generated, or the process that generated it has died
    report_overdue    a report was not there by its deadline
    late_day          rows came too late: their report day is not rebuilt automatically
    nothing_defined   no report is expected of an organisation, and nobody has retired it
    template_unusable no organisation can follow a template
    stored_file       a published file is gone from the store or altered, or a file is unknown
    request_dead      a request was given up
    webhook_dead      messages for a webhook of an organisation were given up
    run_failed        a run failed, and no other alert has the same cause
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.guards.shown_text import shown

AlertChange = Literal["alert_opened", "alert_updated", "alert_resolved"]

_MESSAGE_VERSION = 1
# The common services take 1,800 characters in one piece, with room for a heading. A text that is
# cut has its length behind it.
_MAX_CHARACTERS = 1_760
_HEADINGS = {"alert_opened": "ALERT", "alert_resolved": "RESOLVED", "alert_summary": "ALERTS"}


class AlertKind(StrEnum):
    """The kinds of causes."""

    BREAK = "break"
    SOURCE_DOWN = "source_down"
    CONTRACT_BROKEN = "contract_broken"
    SOURCE_ROWS = "source_rows"
    SOURCE_CLOCK = "source_clock"
    DEVICE = "device"
    SOURCE_STALE = "source_stale"
    REPORT_HELD = "report_held"
    REPORT_FAILED = "report_failed"
    REPORT_OVERDUE = "report_overdue"
    LATE_DAY = "late_day"
    NOTHING_DEFINED = "nothing_defined"
    TEMPLATE_UNUSABLE = "template_unusable"
    STORED_FILE = "stored_file"
    REQUEST_DEAD = "request_dead"
    WEBHOOK_DEAD = "webhook_dead"
    RUN_FAILED = "run_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One cause that exists now.

    Attributes:
        cause: Identifies the cause: unique among the current causes, the same at each evaluation.
        message: The text for people: what happened, which ids, expected, found, next step.
        facts: The same for programs: strings and integers; amounts in minor units.
        organization_id: The organisation; None if the alert concerns all of them.
        count: How many items share the cause: report days of a break, formats of a report.
    """

    kind: AlertKind
    cause: str
    severity: Severity
    message: str
    facts: Mapping[str, object] = field(default_factory=dict)
    organization_id: UUID | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert in the catalogue. `resolved_at` is None while the alert is open."""

    id: int
    alert: Alert
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentCauses:
    """The causes that exist now.

    Attributes:
        undecided: Causes that cannot be judged now, such as those of a report that is being
            generated. Their alerts stay as they are.
    """

    alerts: Sequence[Alert] = ()
    undecided: frozenset[str] = frozenset()


def message_of(change: AlertChange, stored: StoredAlert) -> dict[str, object]:
    """The message for programs about one change of an alert, sent over Redis and by webhooks."""
    alert = stored.alert
    return {
        "version": _MESSAGE_VERSION,
        "type": change,
        "alert_id": stored.id,
        "kind": str(alert.kind),
        "cause": alert.cause,
        "severity": str(alert.severity),
        "organization_id": None if alert.organization_id is None else str(alert.organization_id),
        "count": alert.count,
        "message": alert.message,
        "facts": dict(alert.facts),
        "opened_at": _utc_text(stored.opened_at),
        "resolved_at": None if stored.resolved_at is None else _utc_text(stored.resolved_at),
    }


def summary_of(changes: Sequence[tuple[AlertChange, StoredAlert]]) -> dict[str, object]:
    """One message about many changes, with counts by change and by kind."""
    counts: dict[str, int] = {"alert_opened": 0, "alert_resolved": 0}
    kinds: dict[str, int] = {}
    for change, stored in changes:
        counts[change] += 1
        kinds[str(stored.alert.kind)] = kinds.get(str(stored.alert.kind), 0) + 1
    is_error = any(stored.alert.severity is Severity.ERROR for _, stored in changes)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return {
        "version": _MESSAGE_VERSION,
        "type": "alert_summary",
        "kind": f"{len(changes)} more",
        "severity": str(Severity.ERROR if is_error else Severity.WARN),
        "opened_count": counts["alert_opened"],
        "resolved_count": counts["alert_resolved"],
        "count_by_kind": kinds,
        "message": (
            f"{counts['alert_opened']} more alerts were opened and {counts['alert_resolved']} "
            f"resolved ({listed}); `reporting alerts` lists them"
        ),
    }


def is_resolved(message: Mapping[str, Any]) -> bool:
    """True if a message announces that a cause is resolved."""
    return bool(message["type"] == "alert_resolved")


def severity_of(message: Mapping[str, Any]) -> str:
    """The severity in a message: `warn` or `error`."""
    return str(message["severity"])


def subject_of(message: Mapping[str, Any]) -> str:
    """The heading of a message for people: `ALERT break (error)`."""
    heading = _HEADINGS[message["type"]]
    return f"{heading} {message['kind']} ({severity_of(message)})"


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message for people: one line, at most 1,800 characters."""
    text = f"{subject_of(message)}: {message['message']}"
    return shown(" ".join(text.split()), _MAX_CHARACTERS)


def _utc_text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def utc_text(instant: datetime) -> str:
    """An instant in messages: 2026-02-28 05:12 UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
