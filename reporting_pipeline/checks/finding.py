"""Running a check's statement for some report days.

A statement gives one row per discrepancy: `day`, `severity`, `organization_id`, `currency`,
`expected`, `found`, the ids of what is concerned as `<what>_id`, and whatever its message names.

What belongs here: what all checks share. What does not: any rule.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from reporting_pipeline.domain.discrepancy import Discrepancy, Severity

Findings: TypeAlias = dict[date, list[Discrepancy]]
"""Every day that was asked for, with its discrepancies: errors first, then the largest."""

_Row: TypeAlias = Mapping[str, Any]

# A person reads a few; a broken day may have one per order. The rest is counted in a last one.
_MAX_PER_DAY = 1_000

_NUMBERED = (
    SQL("""
    select numbered.*
    from (
        select
            discrepancy.*,
            count(*) over (partition by discrepancy.day) as day_count,
            row_number() over (
                partition by discrepancy.day
                order by
                    discrepancy.severity,
                    abs(coalesce(discrepancy.expected, 0) - coalesce(discrepancy.found, 0)) desc,
                    discrepancy::text
            ) as position
        from (
    """),
    SQL("""
        ) as discrepancy
    ) as numbered
    where numbered.position <= %(max_per_day)s
    order by numbered.day, numbered.position
    """),
)

_PENDING = SQL("""
    select distinct report_day
    from landing.touched_days
    where report_table = %(report_table)s and report_day = any(%(days)s)
""")


def find(
    connection: Connection[Any],
    days: Collection[date],
    *,
    check: str,
    message: str,
    **parameters: object,
) -> Findings:
    """Run `<check>.sql` and give the discrepancies of each of the days.

    Args:
        connection: To the warehouse; nothing is written.
        days: The report days to look at.
        check: Name of the check and of its file.
        message: What to say of one row; names its columns in braces.
        parameters: Further parameters of the statement.
    """
    findings: Findings = {day: [] for day in sorted(days)}
    text = (Path(__file__).parent / f"{check}.sql").read_text(encoding="utf-8")
    # The text is a file of this package, never input.
    statement = _NUMBERED[0] + SQL(text) + _NUMBERED[1]
    bound = {**parameters, "days": list(findings), "max_per_day": _MAX_PER_DAY}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(statement, bound):
            of_day = findings[row["day"]]
            of_day.append(_discrepancy(row, check, message))
            if row["position"] == _MAX_PER_DAY < row["day_count"]:
                of_day.append(_rest(row, check))
    return findings


def warn_where_pending(
    connection: Connection[Any],
    findings: Findings,
    *,
    report_table: str,
) -> Findings:
    """The findings, as warnings on days whose rows have landed but are not built yet.

    Such a table differs from what has landed because it is older, and its rebuild is queued; the
    error comes back with the check that follows the rebuild, if it stands.
    """
    bound = {"report_table": report_table, "days": list(findings)}
    pending = {day for (day,) in connection.execute(_PENDING, bound)}
    note = f"; rows of this day have landed since {report_table} was built: rebuild the day"
    return {
        day: [replace(each, severity=Severity.WARN, message=each.message + note) for each in of_day]
        if day in pending
        else of_day
        for day, of_day in findings.items()
    }


def _discrepancy(row: _Row, check: str, message: str) -> Discrepancy:
    ids: dict[str, UUID] = {
        name: value
        for name, value in row.items()
        if name.endswith("_id") and name != "organization_id" and value is not None
    }
    return Discrepancy(
        check=check,
        day=row["day"],
        severity=Severity(row["severity"]),
        message=message.format_map(row),
        organization_id=row["organization_id"],
        ids=ids,
        currency=row["currency"],
        expected=_integer(row["expected"]),
        found=_integer(row["found"]),
    )


def _integer(value: Any) -> int | None:
    # PostgreSQL sums bigint as numeric; money is whole minor units all the same.
    return None if value is None else int(value)


def _rest(row: _Row, check: str) -> Discrepancy:
    return Discrepancy(
        check=check,
        day=row["day"],
        severity=Severity(row["severity"]),
        message=f"and {row['day_count'] - _MAX_PER_DAY} more, which are not listed",
    )
