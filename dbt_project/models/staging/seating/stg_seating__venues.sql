-- Grain: one row per venue.
select
    id as venue_id,
    name as venue_name
from {{ source('landing', 'seating_venues') }}
