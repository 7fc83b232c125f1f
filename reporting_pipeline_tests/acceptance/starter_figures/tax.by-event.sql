select
    coalesce(ev.name, '(no single event)'),
    trim(v.country),
    t.currency,
    sum(t.tax_minor),
    sum(t.refund_tax_minor),
    sum(t.chargeback_tax_minor),
    sum(t.chargeback_reversal_tax_minor),
    sum(t.tax_minor - t.refund_tax_minor - t.chargeback_tax_minor + t.chargeback_reversal_tax_minor)
from reporting.report_tax_daily as t
left join landing.ticketing_events as ev on t.event_id = ev.id
left join landing.seating_venues as v on ev.venue_id = v.id
where
    t.organization_id = %(organization_id)s and t.date < %(end)s
    and (%(first)s::date is null or t.date >= %(first)s)
group by t.event_id, ev.name, v.country, t.currency
order by coalesce(ev.name, '(no single event)') collate "C", t.currency
