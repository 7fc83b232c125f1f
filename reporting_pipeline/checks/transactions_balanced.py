"""Every ledger transaction is balanced."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find


def transactions_balanced(connection: Connection[Any], days: Collection[date]) -> Findings:
    """The debits of each transaction equal its credits, currency by currency.

    Expected are the debits, found the credits, in minor units.
    """
    return find(
        connection,
        days,
        check="transactions_balanced",
        message=(
            "transaction {transaction_id} of kind {kind} does not balance: "
            "debits {expected}, credits {found} minor units of {currency}"
        ),
    )
