"""Every ledger entry has a place among the named columns of the revenue report."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find


def entries_classified(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Each entry is of a component, account and transaction kind that the reports know.

    An unclassified entry stands in the control figures only. Expected is 0, found the credit (or,
    negative, the debit) in minor units.
    """
    return find(
        connection,
        days,
        check="entries_classified",
        message=(
            "entry {entry_id} is not classified: {component} on {account_kind} in transaction "
            "{transaction_id} of kind {kind}, {found} minor units of {currency}"
        ),
    )
