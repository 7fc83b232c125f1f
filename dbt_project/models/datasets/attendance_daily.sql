-- Grain: that of report_attendance_daily. Its rows, with the names known now; null where unknown.
select
    attendance.organization_id,
    organizations.organization_name,
    attendance.event_id,
    events.event_name,
    {{ event_attributes() }},
    attendance.date,
    attendance.gate_id,
    gates.gate_name,
    attendance.ticket_type_id,
    ticket_types.ticket_type_name,
    {{ figures_of('report_attendance_daily', 'attendance') }}
from {{ ref('report_attendance_daily') }} as attendance
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on attendance.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on attendance.event_id = events.event_id
left join {{ ref('stg_scanning__gates') }} as gates on attendance.gate_id = gates.gate_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on attendance.ticket_type_id = ticket_types.ticket_type_id
