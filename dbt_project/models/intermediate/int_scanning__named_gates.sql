-- Grain: one row per gate of a known event, with the organisation that holds the event.
select
    gates.gate_id,
    gates.event_id,
    events.organization_id,
    gates.gate_name
from {{ ref('stg_scanning__gates') }} as gates
inner join {{ ref('stg_ticketing__events') }} as events on gates.event_id = events.event_id
