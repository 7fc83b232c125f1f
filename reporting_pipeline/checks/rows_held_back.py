"""Rows that count nowhere because their event is not known."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find


def rows_held_back(
    connection: Connection[Any],
    days: Collection[date],
    *,
    landing_table: str,
) -> Findings:
    """No row is held back because Ticketing does not know its event (yet).

    Such a row has no report day; it is counted, per event, under the UTC date of its business
    clock. It warns: the row counts from the day on which its event lands. Found is the number of
    rows.
    """
    return find(
        connection,
        days,
        check="rows_held_back",
        message=(
            "{found} rows of {landing_table} are held back: Ticketing does not know event "
            "{event_id}"
        ),
        landing_table=landing_table,
    )
