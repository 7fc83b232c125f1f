"""The days of a report table with errors or warnings, however many days were built since.

A seal keeps the number of findings of each check on its day. Findings that are read live are read
again, because they end without a seal: a person accepts a break, or a row is mended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.breaks import open_breaks
from reporting_pipeline.checks.checks import Check, checks_of
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.discrepancy import Severity, break_text
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS

_BREAKS_CHECK = "sales_tie_to_ledger"
_INSERT = """
    insert into reporting.seal_findings
        (date, report_table, check_name, severity, finding_count, message)
    values (%s, %s, %s, %s, %s, %s)
"""
_KEPT = """
    select date, check_name, severity, finding_count, message
    from reporting.seal_findings
    where report_table = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFinding:
    """The findings of one check on one day, of one severity.

    Attributes:
        message: Of the first finding.
    """

    day: date
    check: str
    severity: Severity
    finding_count: int
    message: str


def keep_findings(connection: Connection[Any], found: Mapping[Check, Findings]) -> None:
    """Keep the number of findings of each check with the seals of their days."""
    connection.cursor().executemany(
        _INSERT,
        [
            (
                *(each.day, check.report_table, check.name),
                *(each.severity, each.finding_count, each.message),
            )
            for check, of_check in found.items()
            for each in _by_day(check.name, of_check)
        ],
    )


def day_findings(connection: Connection[Any], report_table: str) -> list[DayFinding]:
    """The findings of all days of a report table, newest day first.

    An accepted break is none. A day that was built and not sealed has none.
    """
    kept = [
        DayFinding(
            day=day, check=name, severity=Severity(severity), finding_count=count, message=text
        )
        for day, name, severity, count, text in connection.execute(_KEPT, (report_table,))
    ]
    live = {check.name: check for check in checks_of(report_table) if check.is_read_live}
    found = [each for each in kept if each.check not in live]
    for name, check in live.items():
        days = {each.day for each in kept if each.check == name}
        if days:
            found.extend(_by_day(name, check.find(connection, days)))
    if report_table == RECONCILIATION_BREAKS.name:
        found = [each for each in found if not _is_break(each)]
        found.extend(_open_breaks(connection))
    return sorted(found, key=lambda each: (each.day, each.check), reverse=True)


def _is_break(found: DayFinding) -> bool:
    return found.check == _BREAKS_CHECK and found.severity is Severity.ERROR


def _open_breaks(connection: Connection[Any]) -> Iterator[DayFinding]:
    """The open breaks, by the last day on which each is found."""
    by_day: dict[date, list[str]] = {}
    for each in open_breaks(connection):
        text = break_text(
            each.kind, each.concerns, each.ticketing_minor, each.ledger_minor, each.currency
        )
        by_day.setdefault(each.last_day, []).append(text)
    for day, texts in by_day.items():
        yield DayFinding(
            day=day,
            check=_BREAKS_CHECK,
            severity=Severity.ERROR,
            finding_count=len(texts),
            message=texts[0],
        )


def _by_day(check: str, found: Findings) -> Iterator[DayFinding]:
    for day, discrepancies in found.items():
        for severity in Severity:
            of_severity = [each for each in discrepancies if each.severity is severity]
            if of_severity:
                yield DayFinding(
                    day=day,
                    check=check,
                    severity=severity,
                    finding_count=len(of_severity),
                    message=of_severity[0].message,
                )
