with entries as (
    select
        t.organization_id,
        t.event_id,
        t.report_day as date,
        e.currency,
        t.kind,
        a.kind as account,
        e.component,
        case e.direction when 'credit' then amount_minor else -amount_minor end as credit
    from landing.ledger_entries as e
    inner join landing.ledger_transactions as t on e.transaction_id = t.id
    inner join landing.ledger_accounts as a on e.account_id = a.id
),

ledger as (
    select
        organization_id,
        event_id,
        date,
        currency,
        sum(credit) filter (
            where account = 'organizer_payable' and component not in (
                'platform_fee', 'processing_fee', 'chargeback_fee', 'adjustment', 'reserve', 'payout'
            )
        ) as share,
        sum(credit) filter (
            where component = 'gift_card' and kind in ('sale', 'refund')
        ) as gift_cards,
        sum(credit) filter (where component = 'tax' and account <> 'organizer_payable') as taxes
    from entries
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
        coalesce(l.share, 0) as share_minor,
        coalesce(l.gift_cards, 0) as gift_cards_minor,
        coalesce(l.taxes, 0) as taxes_minor
    from reporting.report_revenue_daily as r
    full join booked as b using (organization_id, event_id, date, currency)
    left join ledger as l using (organization_id, event_id, date, currency)
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
        sum(gross_minor - refund_minor + gift_cards_minor) as charged,
        sum(gift_cards_minor) as gift_cards,
        sum(chargeback_minor) as charged_back,
        sum(chargeback_reversal_minor) as won_back,
        sum(net_revenue_minor) as net_revenue,
        sum(gift_card_sold_minor) as cards_sold,
        sum(gift_card_returned_minor) as cards_returned,
        sum(receivable_change_minor) as owed,
        sum(collected_psp_minor) as in_psp,
        sum(collected_bank_minor) as in_bank,
        sum(collected_gift_card_minor) as in_card,
        sum(repaid_psp_minor) as out_psp,
        sum(repaid_bank_minor) as out_bank,
        sum(repaid_gift_card_minor) as out_card,
        sum(taxes_minor) as taxes,
        sum(share_minor) as share,
        sum(platform_fee_minor + processing_fee_minor + chargeback_fee_minor - adjustment_minor)
            as cost_minor,
        sum(payable_change_minor) as payable,
        sum(
            payout_minor - payout_reversal_minor + reserve_held_minor - reserve_released_minor
        ) as paid_out
    from sides
    group by event_id, currency
)

select
    coalesce(e.name, '(no single event)'),
    s.currency,
    booked,
    booked - charged,
    charged,
    gift_cards,
    charged_back,
    won_back,
    net_revenue,
    cards_sold,
    cards_returned,
    owed,
    net_revenue + cards_sold - cards_returned - owed
    - (in_psp + in_bank + in_card - out_psp - out_bank - out_card),
    in_psp,
    in_bank,
    in_card,
    out_psp,
    out_bank,
    out_card,
    taxes,
    net_revenue - share - taxes,
    share,
    cost_minor,
    payable,
    paid_out
from steps as s left join landing.ticketing_events as e on e.id = event_id
order by coalesce(e.name, '(no single event)') collate "C", s.currency
