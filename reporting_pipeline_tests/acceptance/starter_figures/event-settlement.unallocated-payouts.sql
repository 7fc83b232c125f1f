with l (kind, name) as (
    values
    ('payout', 'Payout'),
    ('payout_reversal', 'Payout that came back'),
    ('reserve_hold', 'Held back in reserve'),
    ('reserve_release', 'Released from reserve')
)

select
    l.name,
    e.currency,
    sum(case e.direction when 'debit' then amount_minor else -amount_minor end)
from landing.ledger_transactions as t
inner join landing.ledger_entries as e on t.id = e.transaction_id
inner join landing.ledger_accounts as a on e.account_id = a.id
inner join l on t.kind = l.kind
where
    t.organization_id = %(organization_id)s and t.event_id is null
    and t.report_day < %(end)s
    and a.kind = 'organizer_payable' and e.component in ('payout', 'reserve')
    and exists (
        select 1
        from landing.ledger_transactions as of_event
        inner join landing.ledger_entries as booked on of_event.id = booked.transaction_id
        where
            of_event.organization_id = %(organization_id)s and of_event.event_id = %(event_id)s
            and booked.currency = e.currency
    )
group by l.name, e.currency
order by e.currency, l.name collate "C"
