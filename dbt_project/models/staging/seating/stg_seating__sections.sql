-- Grain: one row per section of a venue.
select
    id as section_id,
    venue_id,
    name as section_name,
    is_seated
from {{ source('landing', 'seating_sections') }}
