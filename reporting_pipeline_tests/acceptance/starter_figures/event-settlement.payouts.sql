select
    t.report_day,
    case t.kind when 'payout' then 'Payout' else 'Payout that came back' end,
    t.reference,
    e.currency,
    sum(case e.direction when 'debit' then amount_minor else -amount_minor end)
from landing.ledger_transactions as t
inner join landing.ledger_entries as e on t.id = e.transaction_id
inner join landing.ledger_accounts as a on e.account_id = a.id
where
    t.organization_id = %(organization_id)s and t.event_id = %(event_id)s
    and t.report_day < %(end)s
    and t.kind in ('payout', 'payout_reversal')
    and a.kind = 'organizer_payable' and e.component = 'payout'
group by t.id, t.report_day, t.kind, t.reference, e.currency
order by e.currency, t.report_day, t.reference collate "C", t.id
