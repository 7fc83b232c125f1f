"""bridge: from what Ticketing booked to what the organiser was paid, each step with its residue."""

from reporting_pipeline.registry.columns import measure
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.datasets.payable import (
    COSTS_AND_RESERVES,
    KEY_COLUMNS,
    ORGANIZER_SHARE,
    PAYOUTS,
    REVENUE,
)

_BOOKED = "report_sales_daily.net_gross_minor"
_CHARGED = ("report_revenue_daily.gross_minor", "report_revenue_daily.refund_minor")
_NET_REVENUE = "report_revenue_daily.net_revenue_minor"
_RECEIVABLE = "report_revenue_daily.receivable_change_minor"
_COLLECTED = ("report_revenue_daily.collected_minor", "report_revenue_daily.repaid_minor")
_PAID_OUT = ("report_revenue_daily.payout_minor", "report_revenue_daily.payout_reversal_minor")
_PAYABLE = "report_revenue_daily.payable_change_minor"

BRIDGE = Dataset(
    name="bridge",
    title="Bridge from sales to payout",
    grain=(
        "One row per organisation, event (null: no single event), report day and currency on which "
        "Ticketing or the ledger has a row."
    ),
    description=(
        "Booked - charge residue = charged; charged - chargeback + chargeback reversal = net "
        "revenue; net revenue - receivable change - collection residue = net collected; net "
        "collected + receivable change - share residue = organizer share; organizer share - "
        "platform fee - processing fee - chargeback fee + adjustment - reserve held + reserve "
        "released = earned; earned - payable change = net payout. It holds on each row and on each "
        "sum of rows in one currency. Over a single day a residue may be timing; over an event's "
        "whole life the charge residue is 0 in health."
    ),
    schema=SCHEMA,
    relation="bridge",
    columns=with_names(
        (
            *KEY_COLUMNS,
            measure(
                "booked_minor",
                "Booked by Ticketing: gross less returned gross of its movements (signed).",
                _BOOKED,
            ),
            measure(
                "charge_residue_minor",
                "Booked, not charged: booked less charged; 0 where Ticketing and the ledger agree.",
                _BOOKED,
                *_CHARGED,
            ),
            measure(
                "charged_minor",
                "Charged by the ledger: gross less refund (signed).",
                *_CHARGED,
            ),
            REVENUE["chargeback_minor"],
            REVENUE["chargeback_reversal_minor"],
            REVENUE["net_revenue_minor"],
            REVENUE["receivable_change_minor"],
            measure(
                "collection_residue_minor",
                "Charged, neither collected nor owed by buyers: net revenue less receivable change "
                "less net collected; gift cards, money that went past the payment provider, and "
                "costs that it withheld.",
                _NET_REVENUE,
                _RECEIVABLE,
                *_COLLECTED,
            ),
            REVENUE["collected_minor"],
            REVENUE["repaid_minor"],
            measure(
                "net_collected_minor",
                "Money in less money back to buyers: collected less repaid (signed).",
                *_COLLECTED,
            ),
            measure(
                "share_residue_minor",
                "Collected or owed by buyers, not the organiser's: net collected + receivable "
                "change less organizer share; taxes and buyer fees that others keep, less the "
                "collection residue.",
                *_COLLECTED,
                _RECEIVABLE,
                _PAYABLE,
            ),
            ORGANIZER_SHARE,
            *COSTS_AND_RESERVES,
            measure(
                "earned_minor",
                "What the organiser may be paid of this day: payable change + payout less payout "
                "reversal (signed).",
                _PAYABLE,
                *_PAID_OUT,
            ),
            REVENUE["payable_change_minor"],
            *PAYOUTS,
            measure(
                "net_payout_minor",
                "Paid out to the organiser: payout less payout reversal (signed).",
                *_PAID_OUT,
            ),
        )
    ),
    rests_on=("report_sales_daily", "report_revenue_daily"),
)
