-- Grain: one row per order of an organisation that sold an event which another organisation holds now: the
-- event has changed hands. A line of the order has a ticket type of the event; an order with other types is
-- no evidence. For lookups by event and organisation.
select
    orders.organization_id,
    orders.event_id,
    orders.order_id
from {{ ref('stg_ticketing__orders') }} as orders
inner join {{ ref('stg_ticketing__events') }} as events
    on orders.event_id = events.event_id and orders.organization_id <> events.organization_id
where exists (
    select 1
    from {{ ref('stg_ticketing__order_line_movements') }} as movements
    inner join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
        on movements.ticket_type_id = ticket_types.ticket_type_id
    where movements.order_id = orders.order_id and ticket_types.event_id = orders.event_id
)
