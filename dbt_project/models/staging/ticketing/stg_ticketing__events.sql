-- Grain: one row per event.
select
    id as event_id,
    organization_id,
    currency,
    {{ report_day('ends_at', 'timezone', 'day_cutoff') }} as end_day
from {{ source('landing', 'ticketing_events') }}
