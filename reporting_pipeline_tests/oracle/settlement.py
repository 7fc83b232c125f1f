"""Breaks of the kind settlement: the sums agree, but the buyer owes money or is owed money."""

from collections.abc import Iterator

from reporting_pipeline_tests.oracle.order_history import OrderHistory, proofs, total_minor
from reporting_pipeline_tests.oracle.report_tables import ReportRow


def settlement(history: OrderHistory) -> Iterator[ReportRow]:
    """A row for each place whose receivable balance is not 0, on the order's last known day.

    Only for orders that Ticketing knows and that are not pending. The caller has checked that no
    sums of the order differ at the end of this day.
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
