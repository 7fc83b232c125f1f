with booked as (
    select
        event_id,
        currency,
        sum(net_gross_minor) as booked
    from reporting.report_sales_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
    group by event_id, currency
),

revenue as (
    select
        event_id,
        currency,
        sum(net_revenue_minor) as net_revenue,
        sum(
            platform_fee_minor + processing_fee_minor + chargeback_fee_minor - adjustment_minor
        ) as cost_minor,
        sum(payable_change_minor) as payable,
        sum(
            payout_minor - payout_reversal_minor + reserve_held_minor - reserve_released_minor
        ) as paid_out
    from reporting.report_revenue_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
    group by event_id, currency
),

ledger as (
    select
        t.event_id,
        e.currency,
        coalesce(sum(case e.direction when 'credit' then amount_minor else -amount_minor end) filter (
            where a.kind = 'organizer_payable' and e.component not in (
                'platform_fee', 'processing_fee', 'chargeback_fee', 'adjustment', 'reserve', 'payout'
            )
        ), 0) as share,
        coalesce(sum(case e.direction when 'credit' then amount_minor else -amount_minor end) filter (
            where e.component = 'tax' and a.kind <> 'organizer_payable'
        ), 0) as taxes
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        t.organization_id = %(organization_id)s and t.report_day < %(end)s
        and (%(first)s::date is null or t.report_day >= %(first)s)
    group by t.event_id, e.currency
),

places as (
    select
        event_id,
        currency
    from booked
    union
    select
        event_id,
        currency
    from revenue
)

select
    coalesce(ev.name, '(no single event)'),
    p.currency,
    coalesce(r.net_revenue, 0),
    coalesce(l.taxes, 0),
    coalesce(r.net_revenue - l.share - l.taxes, 0),
    coalesce(l.share, 0),
    coalesce(r.cost_minor, 0),
    coalesce(r.payable, 0),
    coalesce(r.paid_out, 0)
from places as p
left join revenue as r on p.event_id is not distinct from r.event_id and p.currency = r.currency
left join ledger as l on p.event_id is not distinct from l.event_id and p.currency = l.currency
left join landing.ticketing_events as ev on p.event_id = ev.id
order by coalesce(ev.name, '(no single event)') collate "C", p.currency
