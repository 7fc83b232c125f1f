-- Rows that the report table leaves out on the days, because a figure leaves 64 bits, and balances that do.
-- Their sums are right as numbers and cannot be shown; nothing else is left out with them.
with unfit as (
    select
        date,
        organization_id,
        event_id,
        currency,
        array_to_string(column_names, ', ') as figures,
        'is left out' as consequence
    from reporting.left_out_rows
    where report_table = %(table_name)s and date = any(%(days)s)
    union all
    select
        date,
        organization_id,
        event_id,
        currency,
        'the closing balance of payable or receivable' as figures,
        'has no balance' as consequence
    from reporting.report_revenue_daily_balances
    where
        %(table_name)s = 'report_revenue_daily'
        and date = any(%(days)s)
        and greatest(abs(payable_closing_minor), abs(receivable_closing_minor)) > 9223372036854775807
    union all
    select
        date,
        organization_id,
        event_id,
        currency,
        'the closing balance of ' || account_kind as figures,
        'has no balance' as consequence
    from reporting.report_account_movements_daily_balances
    where
        %(table_name)s = 'report_account_movements_daily'
        and date = any(%(days)s)
        and abs(closing_minor) > 9223372036854775807
)

select
    date as day,
    'error' as severity,
    organization_id,
    event_id,
    currency,
    figures,
    consequence,
    %(table_name)s::text as report_table,
    0 as expected,
    count(*) as found
from unfit
group by date, organization_id, event_id, currency, figures, consequence
