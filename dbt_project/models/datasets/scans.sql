-- Grain: one row per scan, as summed by report_attendance_daily.
select
    events_of_organizations.organization_id,
    organizations.organization_name,
    scans.event_id,
    events.event_name,
    {{ event_attributes() }},
    scans.report_day as date,
    scans.scan_id,
    scans.gate_id,
    gates.gate_name,
    scans.ticket_id,
    scans.ticket_type_id,
    scans.ticket_type_name,
    scans.direction,
    scans.outcome,
    scans.reject_reason,
    scans.is_revert,
    scans.reverts_scan_id,
    scans.device_id,
    scans.device_sequence,
    scans.scanned_at,
    scans.received_at,
    {{ figures_of('report_attendance_daily', 'scans') }}
from {{ ref('int_scanning__scan_figures') }} as scans
inner join {{ ref('stg_ticketing__events') }} as events_of_organizations
    on scans.event_id = events_of_organizations.event_id
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on events_of_organizations.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on scans.event_id = events.event_id
left join {{ ref('stg_scanning__gates') }} as gates on scans.gate_id = gates.gate_id
