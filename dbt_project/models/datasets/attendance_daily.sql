-- Grain: that of report_attendance_daily. Its rows, with the names known now; null where unknown.
select
    attendance.organization_id,
    organizations.organization_name,
    attendance.event_id,
    events.event_name,
    events.event_timezone,
    events.venue_name,
    attendance.date,
    attendance.gate_id,
    gates.gate_name,
    attendance.ticket_type_id,
    ticket_types.ticket_type_name,
    attendance.scan_count,
    attendance.accepted_count,
    attendance.rejected_count,
    attendance.rejected_already_used_count,
    attendance.rejected_unknown_count,
    attendance.rejected_cancelled_count,
    attendance.rejected_unpaid_count,
    attendance.rejected_wrong_gate_count,
    attendance.rejected_wrong_time_count,
    attendance.rejected_blocked_count,
    attendance.rejected_error_count,
    attendance.admission_count,
    attendance.reentry_count,
    attendance.exit_count,
    attendance.reverted_count,
    attendance.offline_count,
    attendance.late_count,
    attendance.repeated_upload_count
from {{ ref('report_attendance_daily') }} as attendance
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on attendance.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on attendance.event_id = events.event_id
left join {{ ref('stg_scanning__gates') }} as gates on attendance.gate_id = gates.gate_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on attendance.ticket_type_id = ticket_types.ticket_type_id
