with days as (
    select * from reporting.report_sales_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
)

select
    date,
    e.name,
    t.name,
    days.currency,
    sum(order_count),
    sum(sold_count),
    sum(comped_count),
    sum(net_count),
    sum(gross_minor),
    sum(returned_gross_minor),
    sum(net_gross_minor),
    days.event_id::text
from days
inner join landing.ticketing_events as e on days.event_id = e.id
inner join landing.ticketing_ticket_types as t on t.id = ticket_type_id
group by date, e.name, t.name, days.currency, days.event_id
order by date, e.name collate "C", t.name collate "C", days.event_id, days.currency
