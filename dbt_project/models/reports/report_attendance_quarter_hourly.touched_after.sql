-- The days of attendance: both tables count the same scans.

select
    touched.organization_id,
    touched.event_id,
    touched.report_day
from touched
where touched.report_table = 'report_attendance_daily'
