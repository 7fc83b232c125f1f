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
        sum(payout_reversal_minor) as came_back,
        bool_or(payable_change_minor <> 0) as has_moved
    from reporting.report_revenue_daily
    where organization_id = %(organization_id)s and date >= %(first)s and date < %(end)s
    group by event_id, currency
)

select
    coalesce(e.name, '(no single event)'),
    o.currency,
    opening,
    closing - opening + coalesce(
        platform + processing + chargebacks - adjusted + held - released + paid_out - came_back, 0
    ),
    coalesce(platform, 0),
    coalesce(processing, 0),
    coalesce(chargebacks, 0),
    coalesce(adjusted, 0),
    coalesce(held, 0),
    coalesce(released, 0),
    coalesce(paid_out, 0),
    coalesce(came_back, 0),
    closing
from of_events as o
left join moved as m on o.event_id is not distinct from m.event_id and o.currency = m.currency
left join landing.ticketing_events as e on o.event_id = e.id
where has_moved or opening <> 0 or closing <> 0
order by coalesce(e.name, '(no single event)') collate "C", o.currency
