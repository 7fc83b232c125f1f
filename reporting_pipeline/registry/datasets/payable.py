"""Columns of what is owed to the organiser: its movements, as report_revenue_daily has them.

What belongs here: columns that the bridge and the payable statement share. What does not: theirs.
"""

from reporting_pipeline.registry.columns import Column, measure
from reporting_pipeline.registry.tables.revenue_daily import REVENUE_DAILY

REVENUE = {column.name: column for column in REVENUE_DAILY.columns}

KEY_COLUMNS: tuple[Column, ...] = tuple(REVENUE[name] for name in REVENUE_DAILY.key)

ORGANIZER_SHARE = measure(
    "organizer_share_minor",
    "The organiser's share of what buyers are charged and given back: all that moved on "
    "organizer_payable by none of the movements named here (signed).",
    *(
        f"{REVENUE_DAILY.name}.{name}"
        for name in (
            "payable_change_minor",
            "platform_fee_minor",
            "processing_fee_minor",
            "chargeback_fee_minor",
            "adjustment_minor",
            "reserve_held_minor",
            "reserve_released_minor",
            "payout_minor",
            "payout_reversal_minor",
        )
    ),
)

COSTS_AND_RESERVES: tuple[Column, ...] = (
    REVENUE["platform_fee_minor"],
    REVENUE["processing_fee_minor"],
    REVENUE["chargeback_fee_minor"],
    REVENUE["adjustment_minor"],
    REVENUE["reserve_held_minor"],
    REVENUE["reserve_released_minor"],
)

PAYOUTS: tuple[Column, ...] = (REVENUE["payout_minor"], REVENUE["payout_reversal_minor"])
