-- Grain: that of report_attendance_quarter_hourly. Its rows, with the number of people inside at the end of
-- the quarter, over all gates of the event. All earlier rows of the event are read for it.
with quarters as (
    select
        *,
        cast(
            sum(entry_count - exit_count) over (
                partition by organization_id, event_id order by quarter_at
            ) as bigint
        ) as inside_count
    from {{ ref('report_attendance_quarter_hourly') }}
)

select
    attendance.organization_id,
    organizations.organization_name,
    attendance.event_id,
    events.event_name,
    {{ event_attributes() }},
    attendance.date,
    attendance.gate_id,
    gates.gate_name,
    attendance.quarter_at,
    {{ local_time('attendance.quarter_at', 'events.event_timezone') }} as quarter_start,
    attendance.inside_count,
    case
        when
            attendance.inside_count
            = max(attendance.inside_count) over (
                partition by attendance.organization_id, attendance.event_id, attendance.date
            )
            then 'peak'
    end as peak_mark,
    {{ figures_of('report_attendance_quarter_hourly', 'attendance') }}
from quarters as attendance
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on attendance.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on attendance.event_id = events.event_id
left join {{ ref('stg_scanning__gates') }} as gates on attendance.gate_id = gates.gate_id
