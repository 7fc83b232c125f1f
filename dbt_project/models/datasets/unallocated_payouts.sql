-- Grain: event_id, transaction_id, currency: the parts of payouts and reserves that name no event, beside
-- each event that has money in that currency. Only for reports of one event: the same amounts are beside
-- every event.
select
    payouts.organization_id,
    payouts.organization_name,
    events.event_id,
    events.event_name,
    {{ event_attributes('payouts') }},
    payouts.date,
    payouts.currency,
    payouts.transaction_id,
    payouts.transaction_kind,
    payouts.transaction_name,
    payouts.reference,
    payouts.effective_at,
    payouts.paid_out_minor
from {{ ref('int_ticketing__named_events') }} as events
cross join {{ ref('payouts') }} as payouts
where
    payouts.event_id is null
    and {{ known_to('events', 'payouts', ref('int_ticketing__former_events'), 'payouts.organization_name') }}
    and exists (
        select 1
        from {{ ref('report_revenue_daily') }} as revenue
        where
            revenue.organization_id = payouts.organization_id
            and revenue.event_id = events.event_id
            and revenue.currency = payouts.currency
    )
