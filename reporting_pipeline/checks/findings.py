"""Runs the statement of a check for some report days.

A statement returns one row per discrepancy, with these columns:

    day               the report day
    severity          `error` or `warn`
    organization_id   null: the discrepancy belongs to no single organisation
    currency          ISO 4217 code of the amounts; null for counts
    expected, found   in minor units, or a count; null where there is no such figure
    <name>_id         the ids of the rows concerned
    ...               the columns that the message names

Its parameter `days` is the array of report days.
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

from reporting_pipeline.domain.currencies import money_text
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.sources.landed_names import LandedNames

Findings: TypeAlias = dict[date, list[Discrepancy]]
"""The discrepancies of every day that was asked for: errors first, then the largest."""

_Row: TypeAlias = Mapping[str, Any]

# A broken day may have one discrepancy per order. A last one counts those that are not listed.
_MAX_PER_ORGANIZATION = 1_000

_NUMBERED = (
    SQL("""
    select numbered.*
    from (
        select
            discrepancy.*,
            count(*) over (
                partition by discrepancy.day, discrepancy.organization_id
            ) as organization_count,
            row_number() over (
                partition by discrepancy.day, discrepancy.organization_id
                order by
                    discrepancy.severity,
                    abs(
                        coalesce(discrepancy.expected, 0)::numeric - coalesce(discrepancy.found, 0)
                    ) desc,
                    discrepancy::text
            ) as position,
            row_number() over (
                partition by discrepancy.day
                order by
                    discrepancy.severity,
                    abs(
                        coalesce(discrepancy.expected, 0)::numeric - coalesce(discrepancy.found, 0)
                    ) desc,
                    discrepancy::text
            ) as day_position
        from (
    """),
    SQL("""
        ) as discrepancy
    ) as numbered
    where numbered.position <= %(max_per_organization)s
    order by numbered.day, numbered.day_position
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
    parameters: Mapping[str, object],
) -> Findings:
    """Run `<check>.sql` and return the discrepancies of each day.

    Args:
        connection: To the warehouse; nothing is written.
        days: The report days to check.
        check: Name of the check and of its file.
        message: Text of one discrepancy; names columns of the row in braces. An event has its name
            beside its id; `{expected_shown}` and `{found_shown}` are amounts in major units with
            their currency, or counts.
        parameters: Further parameters of the statement.
    """
    findings: Findings = {day: [] for day in sorted(days)}
    text = (Path(__file__).parent / f"{check}.sql").read_text(encoding="utf-8")
    # The text is a file of this package, never a user's input.
    statement = _NUMBERED[0] + SQL(text) + _NUMBERED[1]
    bound = {**parameters, "days": list(findings), "max_per_organization": _MAX_PER_ORGANIZATION}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement, bound).fetchall()
    names = LandedNames.read(connection, {row.get("event_id") for row in rows})
    for row in rows:
        discrepancies = findings[row["day"]]
        discrepancies.append(_discrepancy(row, check, message.format_map(_shown(row, names))))
        if row["position"] == _MAX_PER_ORGANIZATION < row["organization_count"]:
            discrepancies.append(_not_listed(row, check))
    return findings


def warn_where_pending(
    connection: Connection[Any],
    findings: Findings,
    *,
    report_table: str,
) -> Findings:
    """Turn the errors of days whose landed rows are not built yet into warnings.

    Such a report table is older than the landed rows, so a difference is expected, and its rebuild
    is queued. The check after the rebuild reports the error again if it persists.
    """
    bound = {"report_table": report_table, "days": list(findings)}
    pending = {day for (day,) in connection.execute(_PENDING, bound)}
    note = f"; rows of this day have landed since {report_table} was built: rebuild the day"
    return {
        day: [replace(each, severity=Severity.WARN, message=each.message + note) for each in found]
        if day in pending
        else found
        for day, found in findings.items()
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
        message=message,
        organization_id=row["organization_id"],
        ids=ids,
        currency=row["currency"] if _is_money(row) else None,
        expected=_integer(row["expected"]),
        found=_integer(row["found"]),
    )


def _shown(row: _Row, names: LandedNames) -> dict[str, Any]:
    """The row as its message shows it."""
    event_id = row.get("event_id")
    return {
        **row,
        "event_id": event_id and names.event(event_id, row["organization_id"]),
        "expected_shown": _amount(row, "expected"),
        "found_shown": _amount(row, "found"),
    }


def _amount(row: _Row, side: str) -> str:
    """A figure for people."""
    figure = _integer(row[side])
    if figure is None or not _is_money(row):
        return str(figure)
    return money_text(figure, row["currency"])


def _is_money(row: _Row) -> bool:
    """True if the figures are money. The name of a column, where there is one, ends in `_minor`."""
    return row["currency"] is not None and row.get("column_name", "_minor").endswith("_minor")


def _integer(value: Any) -> int | None:
    # PostgreSQL returns sums of bigint as numeric; money is always whole minor units.
    return None if value is None else int(value)


def _not_listed(row: _Row, check: str) -> Discrepancy:
    more_count = row["organization_count"] - _MAX_PER_ORGANIZATION
    return Discrepancy(
        check=check,
        day=row["day"],
        severity=Severity(row["severity"]),
        message=f"and {more_count} more, which are not listed",
        organization_id=row["organization_id"],
    )
