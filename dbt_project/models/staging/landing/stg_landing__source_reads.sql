-- Grain: one row per source domain, with the instant up to which all of its rows are landed.
select
    domain,
    read_at,
    complete_through
from {{ source('landing', 'source_reads') }}
