-- Grain: one row per source table, with the greatest landed record clock and the time of its landing.
select
    domain,
    table_name,
    record_clock,
    landed_at
from {{ source('landing', 'watermarks') }}
