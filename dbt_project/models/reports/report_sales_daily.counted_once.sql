-- An order is counted on the day of its first movement.

select distinct on (movement.order_id)
    movement.order_id as id,
    movement.id as counted,
    placed.organization_id,
    placed.event_id,
    movement.report_day
from landed_movements as movement
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
where
    movement.report_day is not null
    and movement.order_id in (
        select incoming.order_id from incoming_ticketing_order_line_movements as incoming
    )
order by movement.order_id, movement.occurred_at, movement.line_no, movement.id
