-- Sales and refunds of the days that name no order, per organisation, event and currency. The
-- reconciliation per order cannot see them, so they warn here.
select
    txn.report_day as day,
    'warn' as severity,
    txn.organization_id,
    txn.event_id,
    entry.currency,
    count(distinct txn.id) as transaction_count,
    0 as expected,
    sum(
        case entry.direction when 'credit' then entry.amount_minor else -entry.amount_minor end
    ) filter (
        where entry.component in (
            'face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee',
            'cancellation_fee', 'tax', 'gift_card'
        )
    ) as found
from landing.ledger_transactions as txn
inner join landing.ledger_entries as entry
    on txn.id = entry.transaction_id and txn.report_day = entry.report_day
where
    txn.report_day = any(%(days)s)
    and txn.kind in ('sale', 'refund')
    and txn.order_id is null
group by txn.report_day, txn.organization_id, txn.event_id, entry.currency
