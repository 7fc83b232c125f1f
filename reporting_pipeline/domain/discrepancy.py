"""A discrepancy: something in the books that is not as it should be, as a value.

Checks collect discrepancies; who calls them decides what to stop. What belongs here: the value.
What does not: finding any (`reporting_pipeline.checks`), or errors of the program.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID


class Severity(StrEnum):
    """What a discrepancy asks for.

    Attributes:
        WARN: A person should know; nothing stops.
        ERROR: The figures of that day are not to be relied on.
    """

    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One difference that a check found on one report day.

    Attributes:
        check: Name of the check.
        day: The report day that it stands on.
        message: What is wrong, with its ids, what was expected and what was found.
        ids: The ids of what is concerned, by column name: `{"order_id": ...}`.
        currency: ISO 4217 code of the amounts; None where counts are compared.
        expected: In minor units of the currency, or a count; None where there is no such figure.
        found: Likewise.
    """

    check: str
    day: date
    severity: Severity
    message: str
    organization_id: UUID | None = None
    ids: Mapping[str, UUID] = field(default_factory=dict)
    currency: str | None = None
    expected: int | None = None
    found: int | None = None


def worst_severity(discrepancies: Iterable[Discrepancy]) -> Severity | None:
    """ERROR where any is an error, else WARN; None where there are none."""
    severities = {each.severity for each in discrepancies}
    if Severity.ERROR in severities:
        return Severity.ERROR
    return Severity.WARN if severities else None
