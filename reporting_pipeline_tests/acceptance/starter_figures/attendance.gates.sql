with days as (
    select * from reporting.report_attendance_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
)

select
    date,
    g.name,
    sum(admission_count),
    sum(reentry_count),
    sum(exit_count),
    sum(accepted_count) - sum(admission_count) - sum(reentry_count) - sum(exit_count),
    sum(accepted_count),
    sum(rejected_count),
    sum(scan_count),
    sum(day_entry_count),
    sum(offline_count),
    sum(late_count)
from days inner join landing.scanning_gates as g on g.id = gate_id
group by date, g.id, g.name
order by date, g.name collate "C", g.id
