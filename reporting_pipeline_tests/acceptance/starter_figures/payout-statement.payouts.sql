with payouts as (
    select
        t.id,
        t.report_day,
        case t.kind when 'payout' then 'Payout' else 'Payout that came back' end as name,
        t.reference,
        t.event_id,
        e.currency,
        sum(case e.direction when 'debit' then amount_minor else -amount_minor end) as amount
    from landing.ledger_transactions as t
    inner join landing.ledger_entries as e on t.id = e.transaction_id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        t.organization_id = %(organization_id)s and t.report_day < %(end)s
        and (%(first)s::date is null or t.report_day >= %(first)s)
        and t.kind in ('payout', 'payout_reversal')
        and a.kind = 'organizer_payable' and e.component = 'payout'
    group by t.id, t.report_day, t.kind, t.reference, t.event_id, e.currency
),

parts as (
    select
        p.id,
        i.event_id,
        p.currency,
        i.amount_minor * sign(p.amount) as amount
    from payouts as p
    inner join landing.ledger_payout_items as i on p.id = i.transaction_id and p.currency = i.currency
    union all
    select
        p.id,
        p.event_id,
        p.currency,
        p.amount - sign(p.amount) * coalesce(sum(i.amount_minor), 0)
    from payouts as p
    left join landing.ledger_payout_items as i on p.id = i.transaction_id and p.currency = i.currency
    group by p.id, p.event_id, p.currency, p.amount
)

select
    p.report_day,
    p.name,
    p.reference,
    coalesce(ev.name, '(no single event)'),
    p.currency,
    parts.amount,
    p.amount
from payouts as p
inner join parts on p.id = parts.id and p.currency = parts.currency and parts.amount <> 0
left join landing.ticketing_events as ev on parts.event_id = ev.id
order by
    p.currency, p.report_day, p.reference collate "C", p.id,
    coalesce(ev.name, '(no single event)') collate "C"
