with share as (
    select
        t.organization_id,
        t.event_id,
        t.report_day as date,
        a.currency,
        sum(case e.direction when 'credit' then amount_minor else -amount_minor end) as share
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        a.kind = 'organizer_payable' and e.component not in (
            'platform_fee', 'processing_fee', 'chargeback_fee', 'adjustment', 'reserve', 'payout'
        )
    group by 1, 2, 3, 4
),

booked as (
    select
        organization_id,
        event_id,
        date,
        currency,
        sum(net_gross_minor) as booked
    from reporting.report_sales_daily
    group by 1, 2, 3, 4
),

sides as (
    select
        *,
        coalesce(b.booked, 0) as booked_minor,
        coalesce(s.share, 0) as share_minor
    from reporting.report_revenue_daily as r
    full join booked as b using (organization_id, event_id, date, currency)
    left join share as s using (organization_id, event_id, date, currency)
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
        and (%(event_id)s::uuid is null or event_id = %(event_id)s)
),

steps as (
    select
        event_id,
        currency,
        sum(booked_minor) as booked,
        sum(gross_minor - refund_minor) as charged,
        sum(net_revenue_minor) as net_revenue,
        sum(receivable_change_minor) as owed,
        sum(collected_minor - repaid_minor) as collected,
        sum(share_minor) as share,
        sum(payable_change_minor) as payable,
        sum(payout_minor - payout_reversal_minor) as paid_out
    from sides
    group by event_id, currency
)

select
    coalesce(e.name, '(no single event)'),
    s.currency,
    booked,
    booked - charged,
    charged,
    net_revenue,
    owed,
    net_revenue - owed - collected,
    collected,
    collected + owed - share,
    share,
    payable,
    paid_out
from steps as s left join landing.ticketing_events as e on e.id = event_id
order by coalesce(e.name, '(no single event)') collate "C", s.currency
