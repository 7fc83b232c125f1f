-- Grain: one row per venue.
select
    id as venue_id,
    name as venue_name,
    city as venue_city,
    country as venue_country
from {{ source('landing', 'seating_venues') }}
