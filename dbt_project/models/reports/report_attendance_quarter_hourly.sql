-- Grain: organization_id, event_id, date, gate_id, quarter_at: the quarter of an hour in UTC in which the
-- scans were made, as its first instant. Counts of scans, as in report_attendance_daily.
select
    events.organization_id,
    scans.event_id,
    scans.report_day as date,
    scans.gate_id,
    {{ quarter_hour('scans.scanned_at') }}
        as quarter_at,
    {{ sums_of('report_attendance_quarter_hourly', 'scans', but=['entry_count']) }},
    {{ whole('sum(scans.admission_count + scans.reentry_count)') }} as entry_count
from {{ ref('int_scanning__scans_of_days') }} as scans
inner join {{ ref('stg_ticketing__events') }} as events on scans.event_id = events.event_id
group by
    events.organization_id,
    scans.event_id,
    scans.report_day,
    scans.gate_id,
    quarter_at
