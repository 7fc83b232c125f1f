"""The breaks between Ticketing and the ledger that stand, one alert per order and kind.

A break has a row for each report day of its order; the alert says how it stands on the last one. Of
the kind `timing` there is none: a later day has made it good already.

What belongs here: breaks as alerts. What does not: finding breaks (dbt), judging days (`checks`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.exports.presentation import major_text, minor_digits
from reporting_pipeline.registry.report_tables import WARNING_KINDS

_MADE_GOOD = "timing"
_IDS = ("event_id", "order_id", "transaction_id", "entry_id")
_SELECT = """
    select distinct on
        (organization_id, event_id, order_id, transaction_id, entry_id, currency, kind)
        organization_id, event_id, order_id, transaction_id, entry_id, currency, kind,
        ticketing_minor, ledger_minor, difference_minor, date as last_day,
        min(date) over cause as first_day, count(*) over cause as day_count
    from reporting.report_reconciliation_breaks
    where kind <> %s
    window cause as (
        partition by organization_id, event_id, order_id, transaction_id, entry_id, currency, kind
    )
    order by
        organization_id, event_id, order_id, transaction_id, entry_id, currency, kind, date desc
"""


def standing_breaks(connection: Connection[Any]) -> Iterator[Alert]:
    """One alert per organisation, event, order, transaction, entry, currency and kind."""
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_SELECT, [_MADE_GOOD]).fetchall():
            yield _alert(row)


def _alert(row: Mapping[str, Any]) -> Alert:
    ids = {name: str(row[name]) for name in _IDS if row[name] is not None}
    currency = row["currency"]
    named = ", ".join(f"{name.removesuffix('_id')} {value}" for name, value in ids.items())
    return Alert(
        kind=AlertKind.BREAK,
        cause=":".join(
            [AlertKind.BREAK, str(row["organization_id"])]
            + [str(row[name] or "") for name in _IDS]
            + [currency, row["kind"]]
        ),
        severity=Severity.WARN if row["kind"] in WARNING_KINDS else Severity.ERROR,
        organization_id=row["organization_id"],
        message=(
            f"{row['kind']}: {named}, organisation {row['organization_id']}: "
            f"Ticketing {_money(row['ticketing_minor'], currency)}, "
            f"ledger {_money(row['ledger_minor'], currency)}, "
            f"difference {_money(row['difference_minor'], currency)} "
            f"on {row['last_day']}, since {row['first_day']}"
        ),
        facts={
            **ids,
            "break": row["kind"],
            "currency": currency,
            "ticketing_minor": row["ticketing_minor"],
            "ledger_minor": row["ledger_minor"],
            "difference_minor": row["difference_minor"],
            "first_day": str(row["first_day"]),
            "last_day": str(row["last_day"]),
        },
        count=row["day_count"],
    )


def _money(minor: int, currency: str) -> str:
    unit = currency if minor_digits(currency) is not None else f"minor units of {currency}"
    return f"{major_text(minor, currency)} {unit}"
