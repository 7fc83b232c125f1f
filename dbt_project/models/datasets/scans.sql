-- Grain: one row per scan, as summed by report_attendance_daily.
select
    events_of_organizations.organization_id,
    organizations.organization_name,
    scans.event_id,
    {{ event_name('scans') }} as event_name,
    {{ event_attributes('events_of_organizations') }},
    scans.report_day as date,
    scans.scan_id,
    scans.gate_id,
    coalesce(gates.gate_name, cast(scans.gate_id as text)) as gate_name,
    scans.ticket_id,
    scans.ticket_type_id,
    coalesce(ticket_types.ticket_type_name, cast(scans.ticket_type_id as text)) as ticket_type_name,
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
left join {{ ref('int_ticketing__named_events') }} as events
    on
        scans.event_id = events.event_id
        and {{ known_to('events', 'events_of_organizations', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on scans.event_id = all_events.event_id
left join {{ ref('int_scanning__named_gates') }} as gates
    on
        scans.gate_id = gates.gate_id
        and {{ known_to('gates', 'events_of_organizations', ref('int_ticketing__former_events')) }}
left join {{ ref('int_ticketing__named_ticket_types') }} as ticket_types
    on
        scans.ticket_type_id = ticket_types.ticket_type_id
        and {{ known_to('ticket_types', 'events_of_organizations', ref('int_ticketing__former_events')) }}
