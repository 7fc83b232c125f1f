-- Figures to date of report_event_summary that differ from the sums of the daily tables: money in
-- the event's organisation and currency, admissions, tickets (sold and comped together; sold also from sold
-- today), and other currencies and organisations. An event without a summary on a day of a daily table, of
-- its end or of the 30th day after is a `row_count` of 0.
with found as (
    select
        summary.organization_id,
        summary.event_id,
        summary.date,
        summary.currency,
        figure.column_name,
        figure.amount
    from reporting.report_event_summary as summary
    cross join
        lateral (
            values
            ('sold_to_date_count', summary.sold_to_date_count),
            (
                'sold_to_date_count + comped_to_date_count',
                summary.sold_to_date_count + summary.comped_to_date_count
            ),
            ('admission_to_date_count', summary.admission_to_date_count),
            ('gross_to_date_minor', summary.gross_to_date_minor),
            ('refund_to_date_minor', summary.refund_to_date_minor),
            ('net_revenue_to_date_minor', summary.net_revenue_to_date_minor),
            ('platform_fee_to_date_minor', summary.platform_fee_to_date_minor),
            ('processing_fee_to_date_minor', summary.processing_fee_to_date_minor),
            ('payable_to_date_minor', summary.payable_to_date_minor),
            ('other_currency_count', summary.other_currency_count),
            ('other_organization_count', summary.other_organization_count)
        ) as figure (column_name, amount)
    where summary.date = any(%(days)s)
),

event as materialized (
    select
        id as event_id,
        organization_id,
        currency
    from landing.ticketing_events
    where id in (select found.event_id from found)
),

revenue as materialized (
    select
        event.currency as event_currency,
        report.*
    from reporting.report_revenue_daily as report
    inner join event
        on report.event_id = event.event_id and report.organization_id = event.organization_id
),

-- What each day adds to each figure; the days looked at add 0, so that each has its running sum.
addition as (
    select
        event_id,
        date,
        column_name,
        0 as amount
    from found
    union all
    select
        event_id,
        date,
        'sold_to_date_count' as column_name,
        sold_today_count as amount
    from reporting.report_event_summary
    where event_id in (select event.event_id from event)
    union all
    select
        event_id,
        date,
        'sold_to_date_count + comped_to_date_count' as column_name,
        net_count as amount
    from reporting.report_sales_daily
    where is_admission and event_id in (select event.event_id from event)
    union all
    select
        event_id,
        date,
        'admission_to_date_count' as column_name,
        admission_count as amount
    from reporting.report_attendance_daily
    where event_id in (select event.event_id from event)
    union all
    select
        revenue.event_id,
        revenue.date,
        figure.column_name,
        figure.amount
    from revenue
    cross join
        lateral (
            values
            ('gross_to_date_minor', revenue.gross_minor),
            ('refund_to_date_minor', revenue.refund_minor),
            ('net_revenue_to_date_minor', revenue.net_revenue_minor),
            ('platform_fee_to_date_minor', revenue.platform_fee_minor),
            ('processing_fee_to_date_minor', revenue.processing_fee_minor),
            ('payable_to_date_minor', revenue.payable_change_minor)
        ) as figure (column_name, amount)
    where revenue.currency = revenue.event_currency
    union all
    -- A further currency counts from its first day on.
    select
        event_id,
        min(date) as date,
        'other_currency_count' as column_name,
        1 as amount
    from revenue
    where currency <> event_currency
    group by event_id, currency
    union all
    -- A further organisation too, in sales or revenue.
    select
        other.event_id,
        min(other.date) as date,
        'other_organization_count' as column_name,
        1 as amount
    from (
        select
            event_id,
            organization_id,
            date
        from reporting.report_sales_daily
        where event_id in (select event.event_id from event)
        union all
        select
            event_id,
            organization_id,
            date
        from reporting.report_revenue_daily
        where event_id in (select event.event_id from event)
    ) as other
    inner join event on other.event_id = event.event_id and other.organization_id <> event.organization_id
    group by other.event_id, other.organization_id
),

expected as (
    select
        event_id,
        date,
        column_name,
        sum(sum(amount)) over (partition by event_id, column_name order by date) as amount
    from addition
    group by event_id, date, column_name
),

-- Events with a row in a daily table on a day, or that end on it or 30 days before.
on_day as (
    select
        event_id,
        date
    from reporting.report_sales_daily
    where date = any(%(days)s)
    union
    select
        event_id,
        date
    from reporting.report_attendance_daily
    where date = any(%(days)s)
    union
    select
        report.event_id,
        report.date
    from reporting.report_revenue_daily as report
    inner join landing.ticketing_events as event
        on report.event_id = event.id and report.organization_id = event.organization_id
    where report.date = any(%(days)s)
    union
    select
        ending.id as event_id,
        last_days.date
    from landing.ticketing_events as ending
    cross join (values (0), (30)) as further (day_count)
    cross join
        lateral (
            values (
                landing.report_day(ending.ends_at, ending.timezone, ending.day_cutoff) + further.day_count
            )
        ) as last_days (date)
    where last_days.date = any(%(days)s)
)

select
    found.date as day,
    'error' as severity,
    found.organization_id,
    found.event_id,
    found.currency,
    found.column_name,
    expected.amount as expected,
    found.amount as found
from found
left join expected
    on
        found.event_id = expected.event_id
        and found.date = expected.date
        and found.column_name = expected.column_name
where found.amount is distinct from expected.amount
union all
select
    on_day.date as day,
    'error' as severity,
    event.organization_id,
    on_day.event_id,
    event.currency,
    'row_count' as column_name,
    1 as expected,
    0 as found
from on_day
inner join landing.ticketing_events as event on on_day.event_id = event.id
left join reporting.report_event_summary as summary
    on on_day.event_id = summary.event_id and on_day.date = summary.date
where summary.event_id is null
