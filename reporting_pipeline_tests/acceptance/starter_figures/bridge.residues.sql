with legs as (
    select
        t.id,
        t.report_day,
        t.event_id,
        t.kind,
        t.reference,
        a.kind as account,
        e.component,
        e.currency,
        case e.direction when 'credit' then amount_minor else -amount_minor end as credit
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        t.organization_id = %(organization_id)s and t.report_day < %(end)s
        and (%(first)s::date is null or t.report_day >= %(first)s)
),

residues as (
    select
        id,
        report_day,
        event_id,
        kind,
        reference,
        currency,
        coalesce(sum(credit) filter (
            where component in (
                'face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee',
                'cancellation_fee', 'tax', 'gift_card'
            ) and kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
        ), 0)
        + coalesce(sum(credit) filter (where account = 'buyer_receivable'), 0)
        + coalesce(sum(credit) filter (
            where component = 'cash' and account in ('psp_clearing', 'bank', 'gift_card_liability')
            and kind in (
                'sale', 'payment', 'refund', 'repayment', 'chargeback', 'chargeback_reversal'
            )
        ), 0) as residue
    from legs
    group by id, report_day, event_id, kind, reference, currency
)

select
    r.report_day,
    coalesce(ev.name, '(no single event)'),
    r.kind,
    r.reference,
    r.currency,
    r.residue,
    r.id::text
from residues as r
left join landing.ticketing_events as ev on r.event_id = ev.id
where r.residue <> 0
order by r.currency, r.report_day, coalesce(ev.name, '(no single event)') collate "C", r.id
