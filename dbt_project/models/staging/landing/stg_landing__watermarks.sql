-- Grain: one row per source table: the greatest record clock landed, and when that was landed.
select
    domain,
    table_name,
    record_clock,
    landed_at
from {{ source('landing', 'watermarks') }}
