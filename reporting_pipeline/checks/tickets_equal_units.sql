-- Events of the days whose tickets, over all sections, are not the units sold and comped to date. The two are
-- counted from different rows: a ticket may be issued or invalidated on another day than its sale or return,
-- and a unit may have several tickets. So they only warn.
with of_day as (
    select distinct
        organization_id,
        event_id,
        date
    from reporting.report_occupancy_daily
    where date = any(%(days)s)
),

-- What each day adds; the sum up to a day is the last row of each section and of the event.
addition as (
    select
        event_id,
        date,
        ticket_count - coalesce(
            lag(ticket_count) over (partition by event_id, section_id order by date), 0
        ) as ticket_count,
        0 as unit_count
    from reporting.report_occupancy_daily
    where event_id in (select of_day.event_id from of_day)
    union all
    select
        event_id,
        date,
        0 as ticket_count,
        sold_to_date_count + comped_to_date_count - coalesce(
            lag(sold_to_date_count + comped_to_date_count) over (partition by event_id order by date), 0
        ) as unit_count
    from reporting.report_event_summary
    where event_id in (select of_day.event_id from of_day)
),

to_date as (
    select
        event_id,
        date,
        sum(sum(ticket_count)) over (partition by event_id order by date) as ticket_count,
        sum(sum(unit_count)) over (partition by event_id order by date) as unit_count
    from addition
    group by event_id, date
)

select
    of_day.date as day,
    'warn' as severity,
    of_day.organization_id,
    of_day.event_id,
    null::text as currency,
    to_date.unit_count as expected,
    to_date.ticket_count as found
from of_day
inner join to_date on of_day.event_id = to_date.event_id and of_day.date = to_date.date
where to_date.ticket_count <> to_date.unit_count
