-- Grain: one row per series of events.
select
    id as series_id,
    organization_id,
    name as series_name
from {{ source('landing', 'ticketing_event_series') }}
