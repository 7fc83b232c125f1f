-- An order line is a comp from its first movement on: its tickets are counted as comps or as sold.

select distinct on (movement.order_id, movement.line_no)
    movement.order_id || '/' || movement.line_no as id,
    movement.reason = 'comp' as counted,
    event.organization_id,
    event.id as event_id,
    movement.report_day
from landed_movements as movement
inner join landing.ticketing_orders as placed on movement.order_id = placed.id
inner join landing.ticketing_events as event on placed.event_id = event.id
where
    movement.report_day is not null
    and (movement.order_id, movement.line_no) in (
        select
            incoming.order_id,
            incoming.line_no
        from incoming_ticketing_order_line_movements as incoming
    )
order by movement.order_id, movement.line_no, movement.occurred_at, movement.id
