-- Grain: organization_id, event_id (null: no single event), date, currency, tax_jurisdiction and tax_rate
-- (null: not said). Minor units of the entry's currency. Source: the tax entries of the ledger.
select
    figures.organization_id,
    figures.event_id,
    figures.report_day as date,
    figures.currency,
    figures.tax_jurisdiction,
    figures.tax_rate,
    {{ sums_of('report_tax_daily', 'figures') }}
from {{ ref('int_ledger__tax_figures') }} as figures
where {{ in_days('figures.report_day') }} and {{ in_days('figures.transaction_report_day') }}
group by
    figures.organization_id,
    figures.event_id,
    figures.report_day,
    figures.currency,
    figures.tax_jurisdiction,
    figures.tax_rate
