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
        sum(repaid_gift_card_minor) as repaid_gift_card
    from reporting.report_revenue_daily
    where
        organization_id = %(organization_id)s and date < %(end)s
        and (%(first)s::date is null or date >= %(first)s)
    group by event_id, currency
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
    coalesce(r.gift_card_sold, 0),
    coalesce(r.gift_card_returned, 0),
    coalesce(r.receivable_change, 0),
    coalesce(r.residue, 0),
    coalesce(r.collected_psp, 0),
    coalesce(r.collected_bank, 0),
    coalesce(r.collected_gift_card, 0),
    coalesce(r.repaid_psp, 0),
    coalesce(r.repaid_bank, 0),
    coalesce(r.repaid_gift_card, 0)
from places as p
left join revenue as r on p.event_id is not distinct from r.event_id and p.currency = r.currency
left join landing.ticketing_events as ev on p.event_id = ev.id
order by coalesce(ev.name, '(no single event)') collate "C", p.currency
