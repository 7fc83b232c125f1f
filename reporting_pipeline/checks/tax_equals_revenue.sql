-- Tax of report_tax_daily over jurisdictions and rates that differs from the tax of report_revenue_daily,
-- per organisation, event, day and currency.
with figures as (
    select
        report.organization_id,
        report.event_id,
        report.date,
        report.currency,
        figure.column_name,
        figure.amount as revenue_minor,
        0 as tax_minor
    from reporting.report_revenue_daily as report
    cross join
        lateral (
            values
            ('tax_minor', report.tax_minor),
            ('refund_tax_minor', report.refund_tax_minor),
            ('chargeback_tax_minor', report.chargeback_tax_minor),
            ('chargeback_reversal_tax_minor', report.chargeback_reversal_tax_minor),
            (
                'net_tax_minor',
                report.tax_minor::numeric - report.refund_tax_minor
                - report.chargeback_tax_minor + report.chargeback_reversal_tax_minor
            )
        ) as figure (column_name, amount)
    where report.date = any(%(days)s)
    union all
    select
        report.organization_id,
        report.event_id,
        report.date,
        report.currency,
        figure.column_name,
        0 as revenue_minor,
        figure.amount as tax_minor
    from reporting.report_tax_daily as report
    cross join
        lateral (
            values
            ('tax_minor', report.tax_minor),
            ('refund_tax_minor', report.refund_tax_minor),
            ('chargeback_tax_minor', report.chargeback_tax_minor),
            ('chargeback_reversal_tax_minor', report.chargeback_reversal_tax_minor),
            ('net_tax_minor', report.net_tax_minor)
        ) as figure (column_name, amount)
    where report.date = any(%(days)s)
)

select
    date as day,
    'error' as severity,
    organization_id,
    event_id,
    currency,
    column_name,
    sum(revenue_minor) as expected,
    sum(tax_minor) as found
from figures
group by date, organization_id, event_id, currency, column_name
having sum(revenue_minor) <> sum(tax_minor)
