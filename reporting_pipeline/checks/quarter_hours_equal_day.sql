-- Figures of report_attendance_daily that differ from the sum of their quarters of an hour, per gate.
with figure as (
    select
        report.organization_id,
        report.event_id,
        report.date,
        report.gate_id,
        amount.column_name,
        0 as of_day,
        amount.amount as of_quarters
    from reporting.report_attendance_quarter_hourly as report
    cross join
        lateral (
            values
            ('scan_count', report.scan_count),
            ('rejected_count', report.rejected_count),
            ('admission_count', report.admission_count),
            ('reentry_count', report.reentry_count),
            ('day_entry_count', report.day_entry_count),
            ('exit_count', report.exit_count),
            ('admission_count + reentry_count', report.entry_count)
        ) as amount (column_name, amount)
    where report.date = any(%(days)s)
    union all
    select
        report.organization_id,
        report.event_id,
        report.date,
        report.gate_id,
        amount.column_name,
        amount.amount as of_day,
        0 as of_quarters
    from reporting.report_attendance_daily as report
    cross join
        lateral (
            values
            ('scan_count', report.scan_count),
            ('rejected_count', report.rejected_count),
            ('admission_count', report.admission_count),
            ('reentry_count', report.reentry_count),
            ('day_entry_count', report.day_entry_count),
            ('exit_count', report.exit_count),
            ('admission_count + reentry_count', report.admission_count + report.reentry_count)
        ) as amount (column_name, amount)
    where report.date = any(%(days)s)
)

select
    date as day,
    'error' as severity,
    organization_id,
    event_id,
    gate_id,
    null::text as currency,
    column_name,
    sum(of_day) as expected,
    sum(of_quarters) as found
from figure
group by organization_id, event_id, date, gate_id, column_name
having sum(of_day) <> sum(of_quarters)
