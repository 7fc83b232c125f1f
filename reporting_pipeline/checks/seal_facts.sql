-- The facts that decide the seal of each report day of an organisation, one row per day.
with
days as (
    select cast(day as date) as date
    from generate_series(%(first_day)s::date, %(end_day)s::date - 1, interval '1 day') as day
),

-- Every zone and cutoff by which a report day of the organisation ends; UTC if it is not known.
clocks as (
    select
        coalesce(max(timezone), 'UTC') as timezone,
        time '00:00' as cutoff
    from landing.ticketing_organizations
    where id = %(organization_id)s
    union
    select
        timezone,
        day_cutoff as cutoff
    from landing.ticketing_events
    where organization_id = %(organization_id)s
),

ends as (
    select
        days.date,
        max(((days.date + 1) + clocks.cutoff) at time zone clocks.timezone) as ends_at
    from days
    cross join clocks
    group by days.date
),

report_rows as (
    select
        'report_sales_daily' as report_table,
        organization_id,
        date
    from reporting.report_sales_daily
    union all
    select
        'report_revenue_daily' as report_table,
        organization_id,
        date
    from reporting.report_revenue_daily
    union all
    select
        'report_attendance_daily' as report_table,
        organization_id,
        date
    from reporting.report_attendance_daily
    union all
    select
        'report_event_summary' as report_table,
        organization_id,
        date
    from reporting.report_event_summary
    union all
    select
        'report_reconciliation_breaks' as report_table,
        organization_id,
        date
    from reporting.report_reconciliation_breaks
),

built as (
    select distinct date
    from report_rows
    where
        report_table = any(%(tables)s)
        and organization_id = %(organization_id)s
        and date >= %(first_day)s and date < %(end_day)s
),

pending as (
    select
        report_day as date,
        array_agg(distinct report_table order by report_table) as report_tables
    from landing.touched_days
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and report_table = any(%(tables)s)
        and report_day >= %(first_day)s and report_day < %(end_day)s
    group by report_day
),

objections as (
    select
        date,
        array_agg(message order by position) as messages
    from reporting.seal_objections
    where
        (organization_id = %(organization_id)s or organization_id is null)
        and report_table = any(%(tables)s)
        and date >= %(first_day)s and date < %(end_day)s
    group by date
)

select
    ends.date as day,
    ends.ends_at,
    coalesce(pending.report_tables, '{}') as pending_tables,
    built.date is not null and sealed_days.date is null as is_unchecked,
    coalesce(objections.messages, '{}') as objections
from ends
left join built on ends.date = built.date
left join pending on ends.date = pending.date
left join objections on ends.date = objections.date
left join reporting.sealed_days on ends.date = sealed_days.date
order by ends.date
