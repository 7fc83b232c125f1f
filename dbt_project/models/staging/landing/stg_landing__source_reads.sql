-- Grain: one row per source domain: up to when all that it recorded is landed.
select
    domain,
    read_at,
    complete_through
from {{ source('landing', 'source_reads') }}
