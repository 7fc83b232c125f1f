-- Grain: one row per account.
select
    id as account_id,
    kind as account_kind
from {{ source('landing', 'ledger_accounts') }}
