-- The days of movements that are new, and of those of changed orders, events and ticket types.

with touched_movements as (
    select
        movement.order_id,
        movement.report_day
    from incoming_ticketing_order_line_movements as incoming
    inner join landed_movements as movement on incoming.id = movement.id
    union
    select
        movement.order_id,
        movement.report_day
    from changed_orders
    inner join landed_movements as movement on changed_orders.id = movement.order_id
    union
    select
        movement.order_id,
        movement.report_day
    from changed_events
    inner join landing.ticketing_orders as placed on changed_events.id = placed.event_id
    inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
    union
    select
        movement.order_id,
        movement.report_day
    from changed_ticket_types
    inner join landing.ticketing_order_line_movements as movement
        on changed_ticket_types.id = movement.ticket_type_id
)

select distinct
    placed.organization_id,
    placed.event_id,
    touched_movements.report_day
from touched_movements
inner join landing.ticketing_orders as placed on touched_movements.order_id = placed.id
where touched_movements.report_day is not null
