-- Grain: one row per inventory movement of a known event; other rows are held back.
select
    id as inventory_movement_id,
    event_id,
    section_id,
    kind,
    quantity,
    report_day
from {{ source('landing', 'seating_inventory_movements') }}
where report_day is not null
