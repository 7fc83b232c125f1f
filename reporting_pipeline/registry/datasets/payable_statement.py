"""payable_statement: what is owed to the organiser, from balance to balance."""

from reporting_pipeline.registry.columns import balance
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.datasets.payable import (
    COSTS_AND_RESERVES,
    KEY_COLUMNS,
    ORGANIZER_SHARE,
    PAYOUTS,
    REVENUE,
)

_CHANGE = "report_revenue_daily.payable_change_minor"

PAYABLE_STATEMENT = Dataset(
    name="payable_statement",
    title="Payable statement",
    grain=(
        "One row per organisation, event (null: no single event), currency and report day on which "
        "something moves on organizer_payable."
    ),
    description=(
        "What is owed to the organiser: opening + organizer share - platform fee - processing fee "
        "- chargeback fee + adjustment - reserve held + reserve released - payout + payout "
        "reversal = closing. The opening is the closing of the row before, however many days lie "
        "between; the first opening is 0. A late entry changes all later balances of its event."
    ),
    schema=SCHEMA,
    relation="payable_statement",
    columns=with_names(
        (
            *KEY_COLUMNS,
            balance(
                "opening_minor",
                "Owed to the organiser before the day: the sum of all payable changes of earlier "
                "days (signed).",
                _CHANGE,
            ),
            ORGANIZER_SHARE,
            *COSTS_AND_RESERVES,
            *PAYOUTS,
            REVENUE["payable_change_minor"],
            balance(
                "closing_minor",
                "Owed to the organiser at the end of the day: opening + payable change (signed).",
                _CHANGE,
            ),
        )
    ),
    rests_on=("report_revenue_daily",),
)
