-- Grain: organization_id, event_id, date, gate_id, ticket_type_id (null: ticket unknown). Counts of
-- scans. Source: the scans that stand.
with scans_of_days as (
    select
        device_id,
        device_sequence,
        ticket_id
    from {{ ref('stg_scanning__scans') }}
    where {{ in_days('report_day') }}
),

tickets_of_days as (
    select distinct ticket_id
    from scans_of_days
    where ticket_id is not null
),

-- A ticket's first entry may stand on any day.
uploads as (
    select
        device_id,
        device_sequence
    from scans_of_days
    union
    select
        scans.device_id,
        scans.device_sequence
    from tickets_of_days
    inner join {{ ref('stg_scanning__scans') }} as scans on tickets_of_days.ticket_id = scans.ticket_id
    where scans.outcome = 'accepted' and scans.direction = 'entry'
),

{{ counted_scans('uploads') }}

select
    events.organization_id,
    scans.event_id,
    scans.report_day as date,
    scans.gate_id,
    scans.ticket_type_id,
    {{ attendance_figures() }}
from counted_scans as scans
inner join {{ ref('stg_ticketing__events') }} as events on scans.event_id = events.event_id
where {{ in_days('scans.report_day') }}
group by
    events.organization_id,
    scans.event_id,
    scans.report_day,
    scans.gate_id,
    scans.ticket_type_id
