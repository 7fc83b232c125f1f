-- Grain: one row per event and report day on which its seats change, up to the days to rebuild. Signed
-- changes in seats.
{{ config(materialized='ephemeral') }}
select
    movements.event_id,
    movements.report_day,
    sum(case when movements.kind = 'capacity' then movements.quantity else 0 end)
        as capacity_count,
    sum(case when movements.kind = 'hold' then movements.quantity else 0 end) as hold_count,
    sum(case when movements.kind = 'kill' then movements.quantity else 0 end) as kill_count,
    count(*) as movement_count
from {{ ref('stg_seating__inventory_movements') }} as movements
inner join {{ ref('int_event_summary__events') }} as events on movements.event_id = events.event_id
where {{ up_to_days('movements.report_day') }}
group by
    movements.event_id,
    movements.report_day
