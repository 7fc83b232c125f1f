-- Grain: that of report_reconciliation_breaks. Its rows, with the names known now; null where unknown.
select
    breaks.date,
    breaks.organization_id,
    organizations.organization_name,
    breaks.event_id,
    {{ event_name('breaks') }} as event_name,
    {{ event_attributes('breaks') }},
    breaks.order_id,
    breaks.transaction_id,
    breaks.entry_id,
    breaks.currency,
    breaks.kind,
    {{ figures_of('report_reconciliation_breaks', 'breaks') }},
    breaks.proof_ids
from {{ ref('report_reconciliation_breaks') }} as breaks
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on breaks.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        breaks.event_id = events.event_id
        and {{ known_to('events', 'breaks', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on breaks.event_id = all_events.event_id
