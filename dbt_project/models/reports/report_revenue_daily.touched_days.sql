-- The days of changed transactions, for their own event and for those of their payout items.

select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
where
    exists (
        select from landing.ledger_entries as entry
        where entry.transaction_id = transaction.id
    )
union
select
    transaction.organization_id,
    item.event_id,
    transaction.report_day
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
inner join landing.ledger_payout_items as item on transaction.id = item.transaction_id
