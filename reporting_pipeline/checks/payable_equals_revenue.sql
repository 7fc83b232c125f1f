-- Changes of organizer_payable in report_account_movements_daily that differ from those of
-- report_revenue_daily, per organisation, event, day and currency; payout items move the same in both.
with sides as (
    select
        organization_id,
        event_id,
        date,
        currency,
        payable_change_minor as expected,
        0 as found
    from reporting.report_revenue_daily
    where date = any(%(days)s)
    union all
    select
        organization_id,
        event_id,
        date,
        currency,
        0 as expected,
        change_minor as found
    from reporting.report_account_movements_daily
    where account_kind = 'organizer_payable' and date = any(%(days)s)
)

select
    date as day,
    'error' as severity,
    organization_id,
    event_id,
    currency,
    sum(expected) as expected,
    sum(found) as found
from sides
group by date, organization_id, event_id, currency
having sum(expected) <> sum(found)
