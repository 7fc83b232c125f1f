"""Retention of requests: those that came to an end long ago.

One that is dead stays until the same report was asked for again, since an alert stands for it.

What belongs here: which these are, and deleting them. What does not: how long that is (a setting),
and whether they are deleted (who calls).
"""

from datetime import datetime

from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import warehouse_connection

_PAST = """
    from catalogue.report_requests as past
    where
        finished_at < %s
        and (
            status <> 'dead'
            or exists (
                select 1 from catalogue.report_requests as later
                where
                    later.report_id = past.report_id
                    and later.requested_at > past.requested_at
            )
        )
"""


def past_requests(warehouse: URL, before: datetime) -> int:
    """How many ended before an instant; nothing is changed.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        [(count,)] = connection.execute(f"select count(*) {_PAST}", (before,)).fetchall()
        return int(count)


def forget_requests(warehouse: URL, before: datetime) -> int:
    """Delete those that ended before an instant; how many.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        return connection.execute(f"delete {_PAST}", (before,)).rowcount
