-- Grain: one row per event and report day on which admission tickets are issued or returned, up to the
-- days to rebuild. Signed units. A return counts as sold or as comped, like the first movement of its
-- order line.
{{ config(materialized='ephemeral') }}
with units as (
    select
        movements.event_id,
        movements.report_day,
        movements.quantity,
        movements.is_admission,
        case
            when movements.quantity > 0 then movements.reason = 'comp'
            else first_value(movements.reason) over (
                partition by movements.order_id, movements.line_no
                order by movements.occurred_at, movements.movement_id
            ) = 'comp'
        end as is_comped
    from {{ ref('int_ticketing__order_line_movements') }} as movements
    inner join {{ ref('int_event_summary__events') }} as events on movements.event_id = events.event_id
    where {{ up_to_days('movements.report_day') }}
)

select
    event_id,
    report_day,
    cast(sum(case when is_comped then 0 else quantity end) as bigint) as sold_count,
    cast(sum(case when is_comped then quantity else 0 end) as bigint) as comped_count
from units
where is_admission
group by
    event_id,
    report_day
