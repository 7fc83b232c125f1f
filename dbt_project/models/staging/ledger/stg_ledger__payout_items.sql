-- Grain: one row per payout item. Amounts in minor units of the item's currency, > 0. The day is that of
-- its transaction.
select
    id as payout_item_id,
    transaction_id,
    event_id,
    currency,
    amount_minor,
    recorded_at,
    report_day
from {{ source('landing', 'ledger_payout_items') }}
