with of_events as (
    select
        event_id,
        currency,
        coalesce(sum(payable_change_minor) filter (where date < %(first)s), 0) as opening,
        sum(payable_change_minor) as closing
    from reporting.report_revenue_daily
    where organization_id = %(organization_id)s and date < %(end)s
    group by event_id, currency
),

moved as (
    select
        event_id,
        currency,
        sum(platform_fee_minor) as platform,
        sum(processing_fee_minor) as processing,
        sum(chargeback_fee_minor) as chargebacks,
        sum(adjustment_minor) as adjusted,
        sum(reserve_held_minor) as held,
        sum(reserve_released_minor) as released,
        sum(payout_minor) as paid_out,
        sum(payout_reversal_minor) as came_back
    from reporting.report_revenue_daily
    where organization_id = %(organization_id)s and date >= %(first)s and date < %(end)s
    group by event_id, currency
)

select
    coalesce(e.name, '(no single event)'),
    m.currency,
    opening,
    closing - opening + platform + processing + chargebacks - adjusted + held - released + paid_out
    - came_back,
    platform,
    processing,
    chargebacks,
    adjusted,
    held,
    released,
    paid_out,
    came_back,
    closing
from moved as m
inner join of_events as o on o.event_id is not distinct from m.event_id and m.currency = o.currency
left join landing.ticketing_events as e on m.event_id = e.id
order by coalesce(e.name, '(no single event)') collate "C", m.currency
