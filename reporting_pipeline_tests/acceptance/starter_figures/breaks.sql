with days as (
    select * from reporting.report_reconciliation_breaks
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
)

select
    date,
    kind,
    coalesce(e.name, '(no single event)'),
    days.currency,
    ticketing_minor,
    ledger_minor,
    difference_minor,
    order_id::text,
    transaction_id::text,
    entry_id::text
from days
left join landing.ticketing_events as e on e.id = event_id
order by date, kind collate "C", days.currency, difference_minor desc, event_id, order_id
