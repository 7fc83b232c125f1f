"""The sources keep what they promise across their tables."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find


def upstream_promises(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Entries, accounts, transactions, orders and events agree on currency and organisation.

    An entry has its account's currency, an account its transaction's organisation; an order, its
    event and its transactions have one organisation. A broken promise warns: what it does to the
    figures is a break of its own.
    """
    return find(
        connection,
        days,
        check="upstream_promises",
        message="{concerns} is of {is_of}, {other} is of {other_is_of}",
    )
