"""Breaks of kind settlement: the sums agree, but the buyer still owes or is owed.

What belongs here: that kind. What does not: deciding whether the sums agree (`breaks`).
"""

from collections.abc import Iterator

from reporting_pipeline_tests.oracle.order_history import OrderHistory, proofs, total_minor
from reporting_pipeline_tests.oracle.report_tables import ReportRow


def settlement(history: OrderHistory) -> Iterator[ReportRow]:
    """A row for each place whose receivable balance is not 0, on the order's last known day.

    The order is one that Ticketing knows and that is not pending. The caller has found that no sum
    of it differs at the end of that day.
    """
    if history.order is None or history.order["status"] == "pending":
        return
    for place in sorted({amount.place for amount in history.receivables}, key=repr):
        balance = total_minor(history.receivables, place)
        if balance:
            yield {
                "date": history.all_days()[-1],
                **place._asdict(),
                "order_id": history.order_id,
                "transaction_id": None,
                "entry_id": None,
                "kind": "settlement",
                "ticketing_minor": 0,
                "ledger_minor": balance,
                "difference_minor": -balance,
                "proof_ids": tuple(sorted(proofs(history.receivables, place))),
            }
