"""Sales and refunds of the ledger that name no order."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find


def charges_without_order(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Every sale and refund of the ledger names its order.

    One that does not is outside the reconciliation per order, so its money is counted here, per
    organisation, event and currency. It warns. Expected is 0, found the charge (refunds negative)
    in minor units.
    """
    return find(
        connection,
        days,
        check="charges_without_order",
        message=(
            "{transaction_count} sales and refunds of event {event_id} name no order, "
            "{found} minor units of {currency}"
        ),
    )
