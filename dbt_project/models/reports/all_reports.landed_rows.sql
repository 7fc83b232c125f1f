-- The landed rows of changed transactions and of the orders concerned, which several reports read: they are
-- looked up once for all. Runs before the merge and after it. Entries have the day of their transaction, so
-- that one partition is read in place of all.

truncate landed_transactions, landed_items, landed_movements;

insert into landed_transactions
select
    transaction.id,
    transaction.organization_id,
    transaction.event_id,
    transaction.kind,
    transaction.report_day,
    booked.has_entries,
    booked.has_tax
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
cross join
    lateral (
        select
            count(*) > 0 as has_entries,
            coalesce(bool_or(entry.component = 'tax'), false) as has_tax
        from landing.ledger_entries as entry
        where entry.transaction_id = transaction.id and entry.report_day = transaction.report_day
    ) as booked;

analyze landed_transactions;

insert into landed_items
select
    transaction.id,
    item.event_id
from landed_transactions as transaction
inner join landing.ledger_payout_items as item on transaction.id = item.transaction_id;

insert into landed_movements
select
    movement.id,
    movement.order_id,
    movement.line_no,
    movement.reason,
    movement.occurred_at,
    movement.report_day
from concerned_orders
inner join landing.ticketing_order_line_movements as movement on concerned_orders.id = movement.order_id;

analyze landed_items, landed_movements;
