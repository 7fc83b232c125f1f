-- The days of new movements of the inventory, and every day of a changed event.

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
        select scan.report_day
        from landing.scanning_scans as scan
        where scan.event_id = event.id
        union
        select movement.report_day
        from landing.seating_inventory_movements as movement
        where movement.event_id = event.id
        union
        select landing.report_day(event.ends_at, event.timezone, event.day_cutoff)
    ) as day
where day.report_day is not null
