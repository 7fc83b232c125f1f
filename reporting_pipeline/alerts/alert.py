"""An alert, as a value: one cause that stands now, or stood.

    break             Ticketing and the ledger differ: one order, transaction or entry, by currency
    source_down       a source could not be read when it was last tried
    contract_broken   a source was not what the contract promises when it was last tried
    source_stale      a source was not read for too long, and nothing says why
    report_held       the seals of its days hold a report
    report_failed     a report could not be generated, or whoever did so has died
    report_overdue    a report has not appeared by its deadline
    late_day          a row came too late: its report day is not built again by itself
    request_dead      a request was given up
    run_failed        a run failed, for a cause that none of the others tells of

What belongs here: the value and its words. What does not: what stands, and the catalogue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reporting_pipeline.domain.discrepancy import Severity


class AlertKind(StrEnum):
    """What kind of cause."""

    BREAK = "break"
    SOURCE_DOWN = "source_down"
    CONTRACT_BROKEN = "contract_broken"
    SOURCE_STALE = "source_stale"
    REPORT_HELD = "report_held"
    REPORT_FAILED = "report_failed"
    REPORT_OVERDUE = "report_overdue"
    LATE_DAY = "late_day"
    REQUEST_DEAD = "request_dead"
    RUN_FAILED = "run_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A cause that stands.

    Attributes:
        cause: Which one: unique among what stands, the same each time somebody looks.
        message: What a person reads: what, which ids, expected, found, next step.
        facts: The same for programs: strings, and integers; amounts in minor units.
        organization_id: Whose; None where all are concerned.
        count: How many things stand behind it: report days of a break, formats of a report.
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
    """An alert as the catalogue has it; `resolved_at` is None while it is open."""

    id: int
    alert: Alert
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands now.

    Attributes:
        undecided: Causes of which nothing can be said now, such as those of a report that is being
            generated: their alerts stay as they are.
    """

    alerts: Sequence[Alert] = ()
    undecided: frozenset[str] = frozenset()
