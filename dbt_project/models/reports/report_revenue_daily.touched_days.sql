select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
where exists (
    select from landing.ledger_entries as entry
    where entry.transaction_id = transaction.id
)
