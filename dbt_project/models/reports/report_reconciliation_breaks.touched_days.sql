-- The days of changed transactions, and all days of an order wherever (organisation, event) Ticketing or
-- the Ledger books it: its breaks are found over all of its days. Entries are looked up transaction by
-- transaction (`limit 1`), each in the partition of its day.

with bookings as (
    select
        movement.order_id,
        placed.organization_id,
        placed.event_id,
        movement.report_day
    from landed_movements as movement
    inner join landing.ticketing_orders as placed on movement.order_id = placed.id
    where movement.report_day is not null
    union
    select
        concerned_orders.id,
        transaction.organization_id,
        transaction.event_id,
        transaction.report_day
    from concerned_orders
    inner join landing.ledger_transactions as transaction
        on concerned_orders.id = transaction.order_id
    inner join lateral (
        select 1 as is_booked
        from landing.ledger_entries as entry
        inner join landing.ledger_accounts as account on entry.account_id = account.id
        where
            entry.transaction_id = transaction.id
            and entry.report_day = transaction.report_day
            and (
                account.kind = 'buyer_receivable'
                or (
                    transaction.kind in ('sale', 'refund')
                    and entry.component in (
                        'face_value', 'addon', 'donation', 'service_fee', 'facility_fee',
                        'shipping_fee', 'cancellation_fee', 'tax', 'gift_card'
                    )
                )
            )
        limit 1 -- noqa: AM09, any entry
    ) as first_entry on true
)

select
    place.organization_id,
    place.event_id,
    booking.report_day
from bookings as place
inner join bookings as booking on place.order_id = booking.order_id
union
select
    transaction.organization_id,
    transaction.event_id,
    transaction.report_day
from landed_transactions as transaction
union
select
    transaction.organization_id,
    item.event_id,
    transaction.report_day
from landed_transactions as transaction
inner join landed_items as item on transaction.id = item.transaction_id
