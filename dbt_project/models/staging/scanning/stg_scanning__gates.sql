-- Grain: one row per gate.
select
    id as gate_id,
    event_id,
    name as gate_name
from {{ source('landing', 'scanning_gates') }}
