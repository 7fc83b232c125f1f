"""The current causes of alerts in the sources: failures, old reads, wrong rows, wrong clocks."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, utc_text
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landed_names import LandedNames
from reporting_pipeline.sources.landing.row_findings import CLOCK_TOLERANCE

_CONTRACT_ERRORS = {"SourceContractBroken", "SourceReplaced"}
_SOURCE_FAULTS = (
    "select domain, error, message, since, try_count from landing.source_faults order by domain"
)

# Findings about very many rows of a table are one alert: something has happened to the table.
_MAX_FINDINGS_BY_ORGANIZATION = 1_000
_MAX_LISTED_IDS = 10
_ROW_FINDINGS = """
    with found as (
        select
            *,
            count(*) over (partition by domain, table_name, finding)
            > %(max_by_organization)s as is_mass
        from landing.open_findings
    )
    select
        domain, table_name, finding,
        case when not is_mass then organization_id end as organization_id,
        count(*) as row_count,
        count(distinct organization_id) as organization_count,
        min(since) as since,
        (array_agg(row_id order by since, row_id))[:%(max_listed)s] as row_ids,
        (array_agg(event_id order by since, row_id))[1] as event_id,
        (array_agg(reason order by since, row_id))[1] as reason
    from found
    group by 1, 2, 3, 4
    order by 1, 2, 4, 3
"""
_ROW_SEVERITIES = {
    "unusable": Severity.ERROR,
    "changed": Severity.ERROR,
    "deleted": Severity.ERROR,
    "orphaned": Severity.ERROR,
    "unmarked": Severity.WARN,
    "clock_ahead": Severity.WARN,
}
_ROW_CONSEQUENCES = {
    "unusable": "it is not landed: upstream must mend it, and the next landing takes it up",
    "changed": "the landed row stays, and its reports are held: upstream must restore it and "
    "correct with a further row, or accept the landed row with `reporting sources accept`",
    "deleted": "the landed row stays, and its reports are held: upstream must restore it and "
    "correct with a further row, or accept the landed row with `reporting sources accept`",
    "orphaned": "it is in no figure, and its reports are held: upstream must add the missing row",
    "unmarked": "it is landed: upstream must set updated_at with every change",
    "clock_ahead": "it is landed: upstream must set the clock that wrote it",
}


def source_causes(
    connection: Connection[Any], stale_after: timedelta, now: datetime
) -> Iterator[Alert]:
    """The sources that fail, or that were not read for longer than `stale_after`.

    All sources land in one transaction: while one of them fails, the others grow stale because of
    it. So stale sources are reported only if none fails.
    """
    failing = list(_failing_sources(connection))
    yield from failing
    if not failing:
        yield from _stale_sources(connection, stale_after, now)


def row_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The rows of sources that landing has found wrong.

    One alert per source table, organisation and finding; its message shows the first row. Above
    1,000 rows of a table it is one alert for all organisations. Accepted findings have none.
    """
    bound = {
        "max_by_organization": _MAX_FINDINGS_BY_ORGANIZATION,
        "max_listed": _MAX_LISTED_IDS,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_ROW_FINDINGS, bound).fetchall()
    names = LandedNames.read(connection, {row["event_id"] for row in rows})
    for row in rows:
        yield _row_alert(row, names)


def clock_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The sources whose clock differed from the warehouse's at the last landing."""
    statement = (
        "select domain, clock_ahead_seconds from landing.source_reads"
        " where abs(clock_ahead_seconds) > %s order by domain"
    )
    tolerance = CLOCK_TOLERANCE.total_seconds()
    for domain, ahead in connection.execute(statement, (tolerance,)).fetchall():
        kind, direction = AlertKind.SOURCE_CLOCK, "ahead of" if ahead > 0 else "behind"
        yield Alert(
            kind=kind,
            cause=f"{kind}:{domain}",
            severity=Severity.ERROR,
            message=(
                f"the clock of source {domain} is {abs(round(ahead))} seconds {direction} the "
                f"warehouse's, expected at most {round(tolerance)}; the earlier one counts: set "
                "the clock of the server that is wrong"
            ),
            facts={"domain": domain, "clock_ahead_seconds": round(ahead)},
        )


def _failing_sources(connection: Connection[Any]) -> Iterator[Alert]:
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_SOURCE_FAULTS).fetchall():
            is_broken = row["error"] in _CONTRACT_ERRORS
            kind = AlertKind.CONTRACT_BROKEN if is_broken else AlertKind.SOURCE_DOWN
            since = utc_text(row["since"])
            yield Alert(
                kind=kind,
                cause=f"{kind}:{row['domain']}",
                severity=Severity.ERROR,
                message=f"since {since}: {row['message']}",
                facts={"domain": row["domain"], "error": row["error"], "since": since},
            )


def _row_alert(row: Mapping[str, Any], names: LandedNames) -> Alert:
    kind, table = AlertKind.SOURCE_ROWS, f"{row['domain']}.{row['table_name']}"
    organization_id, count = row["organization_id"], row["row_count"]
    more = f", and {count - 1} more" if count > 1 else ""
    if organization_id is None and row["organization_count"] > 1:
        more += f" of {row['organization_count']} organisations"
    return Alert(
        kind=kind,
        cause=f"{kind}:{row['finding']}:{table}:{organization_id or ''}",
        severity=_ROW_SEVERITIES[row["finding"]],
        organization_id=organization_id,
        message=(
            f"{table}, row {row['row_ids'][0]}{_owner(row, names)}: {row['reason']}{more}; "
            f"{_ROW_CONSEQUENCES[row['finding']]}"
        ),
        facts={
            "table": table,
            "finding": row["finding"],
            "row_id": str(row["row_ids"][0]),
            "row_ids": [str(each) for each in row["row_ids"]],
            "reason": row["reason"],
            "since": utc_text(row["since"]),
        },
        count=count,
    )


def _owner(row: Mapping[str, Any], names: LandedNames) -> str:
    """The event and the organisation of a row, as far as its finding knows them."""
    organization_id, event_id = row["organization_id"], row["event_id"]
    if organization_id is None:
        return ""  # of several organisations, or of none
    event = "" if event_id is None else f"event {names.event(event_id, organization_id)}, "
    return f" ({event}organisation {names.organization(organization_id)})"


def _stale_sources(
    connection: Connection[Any], stale_after: timedelta, now: datetime
) -> Iterator[Alert]:
    rows = connection.execute("select domain, read_at from landing.source_reads").fetchall()
    read_at: dict[str, datetime] = dict(rows)
    if not read_at:  # nothing has landed yet, so no source is stale
        return
    for domain in DOMAINS:
        last = read_at.get(domain)
        if last is not None and now - last <= stale_after:
            continue
        last_text = "never" if last is None else utc_text(last)
        yield Alert(
            kind=AlertKind.SOURCE_STALE,
            cause=f"{AlertKind.SOURCE_STALE}:{domain}",
            severity=Severity.ERROR,
            message=(
                f"source {domain} was last read: {last_text}; expected at least every "
                f"{int(stale_after.total_seconds())} seconds: check that landing runs, or run "
                "`reporting land`"
            ),
            facts={"domain": domain, "last_read_at": last_text},
        )
