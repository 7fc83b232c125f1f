-- Grain: organization_id, event_id, date, gate_id, ticket_type_id (null: ticket unknown). Counts of
-- scans; of repeated uploads only the first one counts.
select
    events.organization_id,
    scans.event_id,
    scans.report_day as date,
    scans.gate_id,
    scans.ticket_type_id,
    {{ sums_of('report_attendance_daily', 'scans') }}
from {{ ref('int_scanning__scans_of_days') }} as scans
inner join {{ ref('stg_ticketing__events') }} as events on scans.event_id = events.event_id
group by
    events.organization_id,
    scans.event_id,
    scans.report_day,
    scans.gate_id,
    scans.ticket_type_id
