-- Entries of the days that no classification rule matches; only the control figures count them.
-- An entry without its transaction or account, or with a transaction of another day, is one of them.
select
    entry.report_day as day,
    'error' as severity,
    txn.organization_id,
    txn.event_id,
    txn.order_id,
    entry.transaction_id,
    entry.id as entry_id,
    txn.kind,
    entry.component,
    account.kind as account_kind,
    entry.currency,
    0 as expected,
    case entry.direction when 'credit' then entry.amount_minor else -entry.amount_minor end as found
from landing.ledger_entries as entry
left join landing.ledger_transactions as txn
    on entry.transaction_id = txn.id and entry.report_day = txn.report_day
left join landing.ledger_accounts as account on entry.account_id = account.id
where
    entry.report_day = any(%(days)s)
    and (
        case
            when entry.component = 'cash'
                then account.kind in (
                    'psp_clearing', 'bank', 'buyer_receivable', 'gift_card_liability'
                )
            when account.kind in ('psp_clearing', 'bank', 'buyer_receivable') then false
            when
                entry.component in (
                    'face_value',
                    'addon',
                    'donation',
                    'service_fee',
                    'facility_fee',
                    'shipping_fee',
                    'cancellation_fee',
                    'tax'
                )
                then txn.kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
            when entry.component = 'gift_card'
                then
                    account.kind = 'gift_card_liability'
                    and txn.kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
            when entry.component in ('platform_fee', 'processing_fee', 'chargeback_fee')
                then account.kind in (
                    'organizer_payable',
                    'platform_fee_income',
                    'processing_fee_expense',
                    'chargeback_loss'
                )
            when entry.component = 'adjustment' then true
            when entry.component = 'reserve'
                then
                    txn.kind in ('reserve_hold', 'reserve_release')
                    and account.kind in ('organizer_payable', 'organizer_reserve')
            when entry.component = 'payout'
                then
                    txn.kind in ('payout', 'payout_reversal')
                    and account.kind = 'organizer_payable'
        end
    ) is distinct from true
