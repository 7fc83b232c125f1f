with changes as (
    select
        t.event_id,
        e.currency,
        t.report_day as date,
        t.kind,
        e.component,
        case e.direction when 'credit' then amount_minor else -amount_minor end as change_minor
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
    where
        t.organization_id = %(organization_id)s and a.kind = 'gift_card_liability'
        and t.report_day < %(end)s
),

balances as (
    select
        event_id,
        currency,
        coalesce(sum(change_minor) filter (where date < %(first)s), 0) as opening,
        coalesce(sum(change_minor) filter (
            where date >= %(first)s and component = 'gift_card'
            and kind in ('sale', 'chargeback_reversal')
        ), 0) as sold,
        coalesce(sum(change_minor) filter (
            where date >= %(first)s and component = 'gift_card'
            and kind in ('refund', 'chargeback')
        ), 0) as returned,
        coalesce(sum(change_minor) filter (
            where date >= %(first)s and component = 'cash' and change_minor < 0

            and kind in ('chargeback_reversal', 'payment', 'sale')
        ), 0) as redeemed,
        coalesce(sum(change_minor) filter (
            where date >= %(first)s and component = 'cash' and change_minor > 0

            and kind in ('refund', 'repayment', 'chargeback')
        ), 0) as given,
        sum(change_minor) as closing,
        bool_or(date >= %(first)s) as has_moved
    from changes
    group by event_id, currency
)

select
    coalesce(e.name, '(no single event)'),
    b.currency,
    opening,
    sold,
    -returned,
    -redeemed,
    given,
    closing - opening - sold - returned - redeemed - given,
    closing
from balances as b left join landing.ticketing_events as e on e.id = event_id
where has_moved or opening <> 0 or closing <> 0
order by coalesce(e.name, '(no single event)') collate "C", b.currency
