with days as (
    select * from reporting.report_revenue_daily
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
    coalesce(e.name, '(no single event)'),
    e.start_text,
    days.currency,
    sum(transaction_count),
    sum(gross_minor),
    sum(refund_minor),
    sum(chargeback_minor),
    sum(chargeback_reversal_minor),
    sum(gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor),
    sum(platform_fee_minor),
    sum(processing_fee_minor),
    sum(payable_change_minor + platform_fee_minor + processing_fee_minor)
    - sum(gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor),
    sum(payable_change_minor)
from days left join events as e on e.id = event_id
group by event_id, e.name, e.start_text, days.currency
order by coalesce(e.name, '(no single event)') collate "C", e.start_text collate "C", days.currency, event_id
