with changes as (
    select
        a.kind as account,
        e.currency,
        t.report_day as date,
        case e.direction when 'debit' then amount_minor else 0 end as debit,
        case e.direction when 'credit' then amount_minor else 0 end as credit,
        case
            when a.kind in (
                'psp_clearing', 'bank', 'buyer_receivable', 'processing_fee_expense', 'chargeback_loss'
            ) then 1
            else -1
        end as side
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where t.organization_id = %(organization_id)s and t.report_day < %(end)s
),

balances as (
    select
        account,
        currency,
        coalesce(sum((debit - credit) * side) filter (where date < %(first)s), 0) as opening,
        coalesce(sum(debit) filter (where date >= %(first)s), 0) as debits,
        coalesce(sum(credit) filter (where date >= %(first)s), 0) as credits,
        sum((debit - credit) * side) as closing,
        bool_or(date >= %(first)s) as has_moved
    from changes
    group by account, currency
)

select
    account,
    currency,
    opening,
    debits,
    credits,
    closing
from balances
where has_moved or opening <> 0 or closing <> 0
order by currency, account collate "C"
