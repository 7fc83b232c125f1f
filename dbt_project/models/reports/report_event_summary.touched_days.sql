-- The days of new movements of the inventory, the first day of orders that are paid at another time, and
-- every day of a changed event.

select
    event.organization_id,
    event.id as event_id,
    movement.report_day
from incoming_seating_inventory_movements as incoming
inner join landing.seating_inventory_movements as movement on incoming.id = movement.id
inner join landing.ticketing_events as event on movement.event_id = event.id
where movement.report_day is not null
union
select
    event.organization_id,
    event.id as event_id,
    min(movement.report_day) as report_day
from paid_orders
inner join landing.ticketing_orders as placed on paid_orders.id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
where movement.report_day is not null
group by event.organization_id, event.id, placed.id
union
select
    event.organization_id,
    event.id,
    day.report_day
from changed_events
inner join landing.ticketing_events as event on changed_events.id = event.id
cross join
    lateral (
        select movement.report_day
        from landing.ticketing_orders as placed
        inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
        where placed.event_id = event.id
        union
        select transaction.report_day
        from landing.ledger_transactions as transaction
        where
            transaction.event_id = event.id
            and transaction.organization_id = event.organization_id
            and exists (
                select from landing.ledger_entries as entry
                where entry.transaction_id = transaction.id
            )
        union
        select item.report_day
        from landing.ledger_payout_items as item
        inner join landing.ledger_transactions as transaction on item.transaction_id = transaction.id
        where
            item.event_id = event.id
            and transaction.organization_id = event.organization_id
            and transaction.event_id is null
            and not exists (
                select from landing.ledger_payout_items as other
                left join landing.ticketing_events as known on other.event_id = known.id
                where
                    other.transaction_id = item.transaction_id
                    and other.currency = item.currency
                    and known.id is null
            )
            and (
                select sum(other.amount_minor)
                from landing.ledger_payout_items as other
                where other.transaction_id = item.transaction_id and other.currency = item.currency
            ) <= (
                select
                    sum(
                        case
                            when
                                (entry.direction = 'debit') = (transaction.kind in ('payout', 'reserve_hold'))
                                then entry.amount_minor
                            else -entry.amount_minor
                        end
                    )
                from landing.ledger_entries as entry
                inner join landing.ledger_accounts as account on entry.account_id = account.id
                where
                    entry.transaction_id = item.transaction_id
                    and entry.currency = item.currency
                    and account.kind = 'organizer_payable'
                    and (transaction.kind, entry.component) in (
                        ('payout', 'payout'),
                        ('payout_reversal', 'payout'),
                        ('reserve_hold', 'reserve'),
                        ('reserve_release', 'reserve')
                    )
            )
        union
        select scan.report_day
        from landing.scanning_scans as scan
        where scan.event_id = event.id
        union
        select movement.report_day
        from landing.seating_inventory_movements as movement
        where movement.event_id = event.id
        union
        select landing.report_day(event.ends_at, event.timezone, event.day_cutoff)
        union
        select landing.report_day(event.ends_at, event.timezone, event.day_cutoff) + 30
    ) as day
where day.report_day is not null
