"""A discrepancy: an error in the books, as a value.

Checks (`reporting_pipeline.checks`) return discrepancies; their callers decide what to stop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from reporting_pipeline.domain.currencies import money_text

BREAK_MESSAGE: Final = "{kind}: {concerns}, Ticketing {expected_shown}, ledger {found_shown}"
"""The text of a break, wherever a person reads one."""


class Severity(StrEnum):
    """The severity of a discrepancy.

    Attributes:
        WARN: A person should know of it; nothing stops.
        ERROR: The figures of the day cannot be relied on.
    """

    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One difference that a check found on one report day.

    Attributes:
        check: The name of the check.
        day: The report day of the difference.
        message: What is wrong, with ids, the expected and the found value.
        ids: The ids of the rows concerned, by column name: `{"order_id": ...}`.
        currency: ISO 4217 code of the amounts; None if counts are compared.
        expected: An amount in minor units of the currency, or a count; None if neither applies.
        found: The same for the found value.
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


def break_text(
    kind: str, concerns: str, ticketing_minor: int, ledger_minor: int, currency: str
) -> str:
    """A break as its message shows it: what it concerns, with both amounts in major units."""
    return BREAK_MESSAGE.format(
        kind=kind,
        concerns=concerns,
        expected_shown=money_text(ticketing_minor, currency),
        found_shown=money_text(ledger_minor, currency),
    )


def worst_severity(discrepancies: Iterable[Discrepancy]) -> Severity | None:
    """ERROR if any is an error, otherwise WARN; None if there are no discrepancies."""
    severities = {each.severity for each in discrepancies}
    if Severity.ERROR in severities:
        return Severity.ERROR
    return Severity.WARN if severities else None
