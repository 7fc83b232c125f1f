-- Grain: organization_id, event_id (null: no single event), date, currency, on days with a movement of
-- organizer_payable.
select
    revenue.organization_id,
    organizations.organization_name,
    revenue.event_id,
    {{ event_name('revenue') }} as event_name,
    {{ event_attributes('revenue') }},
    revenue.date,
    revenue.currency,
    {{ running_balance('report_revenue_daily', 'revenue', 'payable_closing_minor') }}
    - revenue.payable_change_minor as opening_minor,
    revenue.organizer_share_minor,
    revenue.platform_fee_minor,
    revenue.processing_fee_minor,
    revenue.chargeback_fee_minor,
    revenue.adjustment_minor,
    revenue.reserve_held_minor,
    revenue.reserve_released_minor,
    revenue.payout_minor,
    revenue.payout_reversal_minor,
    revenue.payable_change_minor,
    {{ running_balance('report_revenue_daily', 'revenue', 'payable_closing_minor') }} as closing_minor
from {{ ref('int_ledger__revenue_with_organizer_share') }} as revenue
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on revenue.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        revenue.event_id = events.event_id
        and {{ known_to('events', 'revenue', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on revenue.event_id = all_events.event_id
where
    revenue.payable_change_minor <> 0
    or revenue.organizer_share_minor <> 0
    or revenue.platform_fee_minor <> 0
    or revenue.processing_fee_minor <> 0
    or revenue.chargeback_fee_minor <> 0
    or revenue.adjustment_minor <> 0
    or revenue.reserve_held_minor <> 0
    or revenue.reserve_released_minor <> 0
    or revenue.payout_minor <> 0
    or revenue.payout_reversal_minor <> 0
