-- The days of new movements of the inventory, the first day of orders that are paid at another time, and
-- every day of a changed event.

with changed as (
    select
        event.organization_id,
        event.id,
        landing.report_day(event.ends_at, event.timezone, event.day_cutoff) as ending_day
    from changed_events
    inner join landing.ticketing_events as event on changed_events.id = event.id
),

event_days as (
    select
        placed.event_id,
        movement.report_day
    from changed
    inner join landing.ticketing_orders as placed on changed.id = placed.event_id
    inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
    union
    select
        transaction.event_id,
        transaction.report_day
    from changed
    inner join landing.ledger_transactions as transaction
        on changed.id = transaction.event_id and changed.organization_id = transaction.organization_id
    where
        exists (
            select from landing.ledger_entries as entry
            where entry.transaction_id = transaction.id
        )
    union
    select
        item.event_id,
        item.report_day
    from changed
    inner join event_payout_items as item
        on changed.id = item.event_id and changed.organization_id = item.organization_id
    union
    select
        scan.event_id,
        scan.report_day
    from changed
    inner join landing.scanning_scans as scan on changed.id = scan.event_id
    union
    select
        movement.event_id,
        movement.report_day
    from changed
    inner join landing.seating_inventory_movements as movement on changed.id = movement.event_id
    union
    select
        changed.id,
        changed.ending_day + days.day_count as report_day
    from changed
    cross join (values (0), (30)) as days (day_count)
)

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
    changed.organization_id,
    changed.id,
    event_days.report_day
from changed
inner join event_days on changed.id = event_days.event_id
where event_days.report_day is not null
