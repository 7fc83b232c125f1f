-- Grain: that of report_attendance_quarter_hourly. The rows of attendance_quarter_hourly, with the number of
-- people inside at the end of the quarter, over all gates of the event. All earlier rows of the event are
-- read for it.
with attendance as (
    select
        *, -- noqa: AM04, all columns of the dataset
        cast(
            sum(entry_count - exit_count) over (
                partition by organization_id, event_id order by quarter_at
            ) as bigint
        ) as inside_count
    from {{ ref('attendance_quarter_hourly') }}
)

select
    attendance.organization_id,
    attendance.organization_name,
    attendance.event_id,
    attendance.event_name,
    {{ event_attributes('attendance', 'attendance') }},
    attendance.date,
    attendance.gate_id,
    attendance.gate_name,
    attendance.quarter_at,
    {{ local_time('attendance.quarter_at', 'attendance.event_timezone') }} as quarter_start,
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
from attendance
