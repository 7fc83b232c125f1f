-- Grain: event_id, transaction_id, currency: the parts of payouts and reserves that name no event, beside
-- each event. Only for reports of one event: the same amounts are beside every event.
select
    payouts.organization_id,
    payouts.organization_name,
    events.event_id,
    events.event_name,
    {{ event_attributes() }},
    payouts.date,
    payouts.currency,
    payouts.transaction_id,
    payouts.transaction_kind,
    payouts.reference,
    payouts.effective_at,
    payouts.paid_out_minor
from {{ ref('int_ticketing__named_events') }} as events
cross join {{ ref('payouts') }} as payouts
where payouts.event_id is null
