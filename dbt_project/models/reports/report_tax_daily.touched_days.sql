-- The days of changed transactions that charge tax or take it back.

select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
where
    transaction.kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
    and exists (
        select from landing.ledger_entries as entry
        where entry.transaction_id = transaction.id and entry.component = 'tax'
    )
