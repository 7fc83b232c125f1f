select
    m.report_day,
    e.name,
    ((e.starts_at at time zone e.timezone) - e.day_cutoff)::date,
    v.name,
    t.name,
    o.channel,
    o.currency,
    sum(m.quantity),
    sum(m.list_minor),
    o.id::text
from landing.ticketing_order_line_movements as m
inner join landing.ticketing_orders as o on m.order_id = o.id
inner join landing.ticketing_events as e on o.event_id = e.id
inner join landing.ticketing_ticket_types as t on m.ticket_type_id = t.id
left join landing.seating_venues as v on e.venue_id = v.id
where
    m.reason = 'comp' and o.organization_id = %(organization_id)s
    and m.report_day >= %(first)s and m.report_day < %(end)s
group by m.report_day, e.id, v.name, t.id, t.name, o.channel, o.id, o.currency
order by
    m.report_day,
    ((e.starts_at at time zone e.timezone) - e.day_cutoff)::date,
    e.name collate "C",
    t.name collate "C",
    e.id,
    v.name collate "C",
    t.id,
    o.channel collate "C",
    o.id
