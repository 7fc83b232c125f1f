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
        sum(gross_minor - refund_minor) as charged,
        sum(chargeback_minor) as charged_back,
        sum(chargeback_reversal_minor) as won_back,
        sum(net_revenue_minor) as net_revenue
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
            where e.component = 'gift_card' and t.kind in ('sale', 'refund')
        ), 0) as gift_cards
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
    coalesce(b.booked, 0),
    coalesce(b.booked, 0) - coalesce(r.charged, 0) - coalesce(l.gift_cards, 0),
    coalesce(r.charged, 0) + coalesce(l.gift_cards, 0),
    coalesce(l.gift_cards, 0),
    coalesce(r.charged_back, 0),
    coalesce(r.won_back, 0),
    coalesce(r.net_revenue, 0)
from places as p
left join booked as b on p.event_id is not distinct from b.event_id and p.currency = b.currency
left join revenue as r on p.event_id is not distinct from r.event_id and p.currency = r.currency
left join ledger as l on p.event_id is not distinct from l.event_id and p.currency = l.currency
left join landing.ticketing_events as ev on p.event_id = ev.id
order by coalesce(ev.name, '(no single event)') collate "C", p.currency
