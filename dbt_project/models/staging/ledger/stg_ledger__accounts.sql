-- Grain: one row per account. Cash entries are on cash accounts.
select
    id as account_id,
    kind as account_kind,
    kind in ('psp_clearing', 'bank', 'buyer_receivable') as is_asset,
    kind in ('psp_clearing', 'bank', 'buyer_receivable', 'gift_card_liability') as is_cash_account
from {{ source('landing', 'ledger_accounts') }}
