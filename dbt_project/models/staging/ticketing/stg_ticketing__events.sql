-- Grain: one row per event.
select
    id as event_id,
    organization_id,
    venue_id,
    name as event_name,
    timezone as event_timezone,
    day_cutoff,
    currency,
    status,
    starts_at,
    rescheduled_from,
    series_id,
    ends_at,
    {{ report_day('starts_at', 'timezone', 'day_cutoff') }} as start_day,
    {{ report_day('ends_at', 'timezone', 'day_cutoff') }} as end_day,
    {{ report_day('ends_at', 'timezone', 'day_cutoff') }} + 30 as final_day
from {{ source('landing', 'ticketing_events') }}
