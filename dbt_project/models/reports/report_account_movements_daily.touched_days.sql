-- The days of changed transactions, for their own event and for those of their payout items.

select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from landed_transactions as transaction
where transaction.has_entries
union
select
    transaction.organization_id,
    item.event_id,
    transaction.report_day
from landed_transactions as transaction
inner join landed_items as item on transaction.id = item.transaction_id
