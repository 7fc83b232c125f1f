"""What Ticketing booked for each order is what the ledger charged for it."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find
from reporting_pipeline.registry.report_tables import WARNING_KINDS


def sales_tie_to_ledger(connection: Connection[Any], days: Collection[date]) -> Findings:
    """No row stands in report_reconciliation_breaks but those that only warn.

    A difference that a later day makes good (`timing`) and an order left unsettled (`settlement`)
    warn; every other kind is an error. Expected is what Ticketing booked, found what the ledger
    charged, in minor units.
    """
    return find(
        connection,
        days,
        check="sales_tie_to_ledger",
        message=(
            "{kind}: {concerns}, Ticketing {expected}, ledger {found} minor units of {currency}"
        ),
        warning_kinds=list(WARNING_KINDS),
    )
