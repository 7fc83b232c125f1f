select
    m.report_day,
    e.name,
    t.name,
    o.channel,
    o.id::text,
    o.currency,
    sum(m.quantity),
    sum(m.list_minor)
from landing.ticketing_order_line_movements as m
inner join landing.ticketing_orders as o on m.order_id = o.id
inner join landing.ticketing_events as e on o.event_id = e.id
inner join landing.ticketing_ticket_types as t on m.ticket_type_id = t.id
where
    m.reason = 'comp' and e.organization_id = %(organization_id)s
    and m.report_day >= %(first)s and m.report_day < %(end)s
group by m.report_day, e.name, t.name, o.channel, o.id, o.currency
order by m.report_day, e.name collate "C", t.name collate "C", o.channel collate "C", o.id
