-- Grain: organization_id, event_id (null: no single event), date, currency. Minor units of the
-- entry's currency. Source: the ledger alone.
select
    entries.organization_id,
    entries.event_id,
    entries.report_day as date,
    entries.currency,
    {{ sums_of('report_revenue_daily', 'entries', but=['transaction_count']) }},
    count(distinct entries.transaction_id) as transaction_count
from {{ ref('int_ledger__entry_figures') }} as entries
where {{ in_days('entries.report_day') }} and {{ in_days('entries.transaction_report_day') }}
group by
    entries.organization_id,
    entries.event_id,
    entries.report_day,
    entries.currency
