-- Grain: one row per transaction.
select
    id as transaction_id,
    organization_id,
    event_id,
    order_id,
    kind as transaction_kind,
    reference,
    effective_at,
    report_day
from {{ source('landing', 'ledger_transactions') }}
