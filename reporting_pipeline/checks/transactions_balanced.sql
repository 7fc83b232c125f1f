-- Transactions of the days whose debits and credits differ, per currency.
select
    txn.report_day as day,
    'error' as severity,
    txn.organization_id,
    txn.event_id,
    txn.order_id,
    txn.id as transaction_id,
    txn.kind,
    entry.currency,
    coalesce(sum(entry.amount_minor) filter (where entry.direction = 'debit'), 0) as expected,
    coalesce(sum(entry.amount_minor) filter (where entry.direction = 'credit'), 0) as found
from landing.ledger_transactions as txn
inner join landing.ledger_entries as entry
    on txn.id = entry.transaction_id and txn.report_day = entry.report_day
where txn.report_day = any(%(days)s)
group by
    txn.report_day,
    txn.organization_id,
    txn.event_id,
    txn.order_id,
    txn.id,
    txn.kind,
    entry.currency
having
    sum(entry.amount_minor) filter (where entry.direction = 'debit')
    is distinct from sum(entry.amount_minor) filter (where entry.direction = 'credit')
