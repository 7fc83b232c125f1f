with days as (
    select * from reporting.report_revenue_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
)

select
    coalesce(e.name, '(no single event)'),
    days.currency,
    sum(face_value_minor),
    sum(addon_minor),
    sum(service_fee_minor),
    sum(facility_fee_minor),
    sum(gross_minor),
    sum(tax_minor),
    sum(refund_minor),
    sum(refund_tax_minor),
    event_id::text
from days left join landing.ticketing_events as e on e.id = event_id
group by e.name, days.currency, event_id
having sum(gross_minor) <> 0 or sum(refund_minor) <> 0
order by days.currency, coalesce(e.name, '(no single event)') collate "C", event_id
