-- Grain: that of report_revenue_daily, with the organiser's share of charges and repayments to buyers:
-- the change of organizer_payable less the movements that have a column of their own.
select
    *, -- noqa: AM04, all columns of the table
    payable_change_minor
    + platform_fee_minor + processing_fee_minor + chargeback_fee_minor
    - adjustment_minor
    + reserve_held_minor - reserve_released_minor
    + payout_minor - payout_reversal_minor as organizer_share_minor
from {{ ref('report_revenue_daily') }}
