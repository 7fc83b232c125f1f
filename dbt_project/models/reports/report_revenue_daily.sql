-- Grain: organization_id, event_id (null: no single event), date, currency. Minor units of the
-- currency. Source: the ledger alone.
select
    figures.organization_id,
    figures.event_id,
    figures.report_day as date,
    figures.currency,
    {{ sums_of('report_revenue_daily', 'figures', but=['transaction_count']) }},
    count(distinct case when figures.entry_id is not null then figures.transaction_id end)
        as transaction_count
from {{ ref('int_ledger__revenue_figures') }} as figures
where {{ in_days('figures.report_day') }} and {{ in_days('figures.transaction_report_day') }}
group by
    figures.organization_id,
    figures.event_id,
    figures.report_day,
    figures.currency
