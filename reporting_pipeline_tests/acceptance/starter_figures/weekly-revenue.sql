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
    sum(transaction_count),
    sum(gross_minor),
    sum(refund_minor),
    sum(chargeback_minor),
    sum(chargeback_reversal_minor),
    sum(gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor),
    sum(platform_fee_minor),
    sum(processing_fee_minor),
    sum(payable_change_minor),
    event_id::text
from days left join landing.ticketing_events as e on e.id = event_id
group by e.name, days.currency, event_id
order by coalesce(e.name, '(no single event)') collate "C", days.currency, event_id
