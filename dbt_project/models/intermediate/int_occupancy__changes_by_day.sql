-- Grain: one row per event, section (null: no section) and report day with a change of seats, a ticket
-- that is issued or ends, or an admission, up to the days to rebuild. Each figure is the change on the day.
-- A ticket that ends on the day of its issue or before it adds nothing, but its days have rows.
{{ config(materialized='ephemeral') }}
with changes as (
    select
        movements.event_id,
        movements.section_id,
        movements.report_day,
        case when movements.kind = 'capacity' then movements.quantity else 0 end as capacity_count,
        case when movements.kind = 'hold' then movements.quantity else 0 end as hold_count,
        case when movements.kind = 'kill' then movements.quantity else 0 end as kill_count,
        1 as movement_count,
        0 as ticket_count,
        0 as comped_ticket_count,
        0 as admission_count
    from {{ ref('stg_seating__inventory_movements') }} as movements
    inner join {{ ref('int_occupancy__events') }} as events on movements.event_id = events.event_id
    where {{ up_to_days('movements.report_day') }}
    union all
    select
        tickets.event_id,
        tickets.section_id,
        tickets.issued_day,
        0 as capacity_count,
        0 as hold_count,
        0 as kill_count,
        0 as movement_count,
        case when tickets.invalidated_day <= tickets.issued_day then 0 else 1 end as ticket_count,
        case
            when tickets.invalidated_day <= tickets.issued_day or not tickets.is_comp then 0 else 1
        end as comped_ticket_count,
        0 as admission_count
    from {{ ref('int_ticketing__tickets') }} as tickets
    inner join {{ ref('int_occupancy__events') }} as events on tickets.event_id = events.event_id
    where tickets.is_admission and {{ up_to_days('tickets.issued_day') }}
    union all
    select
        tickets.event_id,
        tickets.section_id,
        tickets.invalidated_day,
        0 as capacity_count,
        0 as hold_count,
        0 as kill_count,
        0 as movement_count,
        case when tickets.invalidated_day <= tickets.issued_day then 0 else -1 end as ticket_count,
        case
            when tickets.invalidated_day <= tickets.issued_day or not tickets.is_comp then 0 else -1
        end as comped_ticket_count,
        0 as admission_count
    from {{ ref('int_ticketing__tickets') }} as tickets
    inner join {{ ref('int_occupancy__events') }} as events on tickets.event_id = events.event_id
    where tickets.is_admission and {{ up_to_days('tickets.invalidated_day') }}
    union all
    select
        event_id,
        section_id,
        report_day,
        0 as capacity_count,
        0 as hold_count,
        0 as kill_count,
        0 as movement_count,
        0 as ticket_count,
        0 as comped_ticket_count,
        1 as admission_count
    from {{ ref('int_occupancy__admissions') }}
    where {{ up_to_days('report_day') }}
)

select
    event_id,
    section_id,
    report_day,
    sum(capacity_count) as capacity_count,
    sum(hold_count) as hold_count,
    sum(kill_count) as kill_count,
    sum(movement_count) as movement_count,
    sum(ticket_count) as ticket_count,
    sum(comped_ticket_count) as comped_ticket_count,
    sum(admission_count) as admission_count
from changes
group by
    event_id,
    section_id,
    report_day
