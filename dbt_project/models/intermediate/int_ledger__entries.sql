-- Grain: one row per ledger entry, with columns of its transaction and account. An entry belongs to its
-- transaction's day; both days are columns, so that a condition on each reads only these days.
select
    entries.entry_id,
    entries.transaction_id,
    entries.report_day,
    transactions.report_day as transaction_report_day,
    transactions.organization_id,
    transactions.event_id,
    transactions.order_id,
    transactions.transaction_kind,
    accounts.account_kind,
    entries.component,
    entries.direction,
    transactions.effective_at,
    entries.recorded_at,
    entries.currency,
    entries.debit_minor,
    entries.credit_minor,
    entries.credit_minor - entries.debit_minor as net_credit_minor,
    entries.tax_jurisdiction,
    entries.tax_rate,
    entries.taxable_minor,
    entries.is_buyer_component,
    (entries.is_buyer_component or entries.component = 'gift_card')
    and transactions.transaction_kind in ('sale', 'refund') as is_charge,
    case
        when entries.component = 'cash' then accounts.is_cash_account
        when accounts.is_asset then false
        when entries.is_buyer_component
            then transactions.transaction_kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
        when entries.component = 'gift_card'
            then
                transactions.transaction_kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
                and accounts.account_kind = 'gift_card_liability'
        when entries.component in ('platform_fee', 'processing_fee', 'chargeback_fee')
            then accounts.account_kind in (
                'organizer_payable', 'platform_fee_income', 'processing_fee_expense', 'chargeback_loss'
            )
        when entries.component = 'adjustment' then true
        when entries.component = 'reserve'
            then
                transactions.transaction_kind in ('reserve_hold', 'reserve_release')
                and accounts.account_kind in ('organizer_payable', 'organizer_reserve')
        when entries.component = 'payout'
            then
                transactions.transaction_kind in ('payout', 'payout_reversal')
                and accounts.account_kind = 'organizer_payable'
        else false
    end as is_classified
from {{ ref('stg_ledger__entries') }} as entries
inner join {{ ref('stg_ledger__transactions') }} as transactions
    on entries.transaction_id = transactions.transaction_id
inner join {{ ref('stg_ledger__accounts') }} as accounts on entries.account_id = accounts.account_id
