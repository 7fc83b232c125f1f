-- Grain: one row per movement of an order line of the events, up to the days to rebuild, with its signed
-- units and its order's organisation. A return counts as sold or as comped, like the first movement of its
-- order line. `charged_day` is the first day on which a movement of the order has money, `paid_day` the day
-- on which it is paid.
{{ config(materialized='ephemeral') }}
select
    movements.event_id,
    orders.organization_id,
    movements.report_day,
    movements.quantity,
    movements.is_admission,
    case
        when movements.quantity > 0 then movements.reason = 'comp'
        else first_value(movements.reason) over (
            partition by movements.order_id, movements.line_no
            order by movements.occurred_at, movements.movement_id
        ) = 'comp'
    end as is_comped,
    min(case when movements.booked_minor <> 0 then movements.report_day end) over (
        partition by movements.order_id
    ) as charged_day,
    {{ report_day('orders.paid_at', 'events.event_timezone', 'events.day_cutoff') }} as paid_day
from {{ ref('int_ticketing__order_line_movements') }} as movements
inner join {{ ref('int_event_summary__events') }} as events on movements.event_id = events.event_id
inner join {{ ref('stg_ticketing__orders') }} as orders on movements.order_id = orders.order_id
where {{ up_to_days('movements.report_day') }}
