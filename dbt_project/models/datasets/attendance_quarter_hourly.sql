-- Grain: that of report_attendance_quarter_hourly. Its rows, with the names known now; null where unknown.
select
    attendance.organization_id,
    organizations.organization_name,
    attendance.event_id,
    {{ event_name('attendance') }} as event_name,
    {{ event_attributes('attendance') }},
    attendance.date,
    attendance.gate_id,
    coalesce(gates.gate_name, cast(attendance.gate_id as text)) as gate_name,
    attendance.quarter_at,
    {{ figures_of('report_attendance_quarter_hourly', 'attendance') }}
from {{ ref('report_attendance_quarter_hourly') }} as attendance
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on attendance.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        attendance.event_id = events.event_id
        and {{ known_to('events', 'attendance', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on attendance.event_id = all_events.event_id
left join {{ ref('int_scanning__named_gates') }} as gates
    on
        attendance.gate_id = gates.gate_id
        and {{ known_to('gates', 'attendance', ref('int_ticketing__former_events')) }}
