-- Movements that are new, and those of changed orders, events and ticket types.

select
    event.organization_id,
    event.id as event_id,
    movement.report_day
from incoming_ticketing_order_line_movements as incoming
inner join landing.ticketing_order_line_movements as movement on incoming.id = movement.id
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null
union
select
    event.organization_id,
    event.id,
    movement.report_day
from changed_orders
inner join landing.ticketing_orders as placed on changed_orders.id = placed.id
inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null
union
select
    event.organization_id,
    event.id,
    movement.report_day
from changed_events
inner join landing.ticketing_events as event on changed_events.id = event.id
inner join landing.ticketing_orders as placed on event.id = placed.event_id
inner join landing.ticketing_order_line_movements as movement on placed.id = movement.order_id
where movement.report_day is not null
union
select
    event.organization_id,
    event.id,
    movement.report_day
from changed_ticket_types
inner join landing.ticketing_order_line_movements as movement
    on changed_ticket_types.id = movement.ticket_type_id
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where movement.report_day is not null
