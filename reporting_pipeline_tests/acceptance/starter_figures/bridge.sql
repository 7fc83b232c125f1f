-- All figures of a bridge, which the blocks of the report share.
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
        sum(net_revenue_minor) as net_revenue,
        sum(gift_card_sold_minor) as gift_card_sold,
        sum(gift_card_returned_minor) as gift_card_returned,
        sum(receivable_change_minor) as receivable_change,
        sum(
            net_revenue_minor + gift_card_sold_minor - gift_card_returned_minor - receivable_change_minor
            - collected_minor + repaid_minor
        ) as residue,
        sum(collected_psp_minor) as collected_psp,
        sum(collected_bank_minor) as collected_bank,
        sum(collected_gift_card_minor) as collected_gift_card,
        sum(repaid_psp_minor) as repaid_psp,
        sum(repaid_bank_minor) as repaid_bank,
        sum(repaid_gift_card_minor) as repaid_gift_card,
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
            where e.component = 'gift_card' and t.kind in ('sale', 'refund')
        ), 0) as gift_cards,
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
    coalesce(b.booked, 0),
    coalesce(b.booked, 0) - coalesce(r.charged, 0) - coalesce(l.gift_cards, 0),
    coalesce(r.charged, 0) + coalesce(l.gift_cards, 0),
    coalesce(l.gift_cards, 0),
    coalesce(r.charged_back, 0),
    coalesce(r.won_back, 0),
    coalesce(r.net_revenue, 0),
    coalesce(r.gift_card_sold, 0),
    coalesce(r.gift_card_returned, 0),
    coalesce(r.receivable_change, 0),
    coalesce(r.residue, 0),
    coalesce(r.collected_psp, 0),
    coalesce(r.collected_bank, 0),
    coalesce(r.collected_gift_card, 0),
    coalesce(r.repaid_psp, 0),
    coalesce(r.repaid_bank, 0),
    coalesce(r.repaid_gift_card, 0),
    coalesce(l.taxes, 0),
    coalesce(r.net_revenue - l.share - l.taxes, 0),
    coalesce(l.share, 0),
    coalesce(r.cost_minor, 0),
    coalesce(r.payable, 0),
    coalesce(r.paid_out, 0)
from places as p
left join booked as b on p.event_id is not distinct from b.event_id and p.currency = b.currency
left join revenue as r on p.event_id is not distinct from r.event_id and p.currency = r.currency
left join ledger as l on p.event_id is not distinct from l.event_id and p.currency = l.currency
left join landing.ticketing_events as ev on p.event_id = ev.id
order by coalesce(ev.name, '(no single event)') collate "C", p.currency
