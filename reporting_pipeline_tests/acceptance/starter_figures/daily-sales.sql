with days as (
    select * from reporting.report_sales_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
),

events as (
    select
        id,
        name,
        to_char(starts_at at time zone timezone, 'YYYY-MM-DD HH24:MI') as start_text
    from landing.ticketing_events
)

select
    date,
    e.name,
    e.start_text,
    t.name,
    days.currency,
    sum(order_count),
    sum(sold_count + exchanged_in_count),
    sum(comped_count),
    sum(cancelled_count + refunded_count + voided_count + exchanged_out_count),
    sum(net_count),
    sum(gross_minor),
    sum(returned_gross_minor),
    sum(net_gross_minor)
from days
inner join events as e on days.event_id = e.id
inner join landing.ticketing_ticket_types as t on t.id = ticket_type_id
group by date, e.id, e.name, e.start_text, t.id, t.name, days.currency
order by date, e.name collate "C", e.start_text collate "C", t.name collate "C", e.id, t.id, days.currency
