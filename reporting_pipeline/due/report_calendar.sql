-- When each report day begins, by each clock: the zones and day cutoffs of organisations and events.
-- One row per day and clock.
with
clocks as (
    select
        coalesce(timezone, 'UTC') as timezone,
        time '00:00' as cutoff
    from landing.ticketing_organizations
    union
    select
        timezone,
        day_cutoff as cutoff
    from landing.ticketing_events
    union
    select
        'UTC' as timezone,
        time '00:00' as cutoff
)

select
    days.day::date as day,
    clocks.timezone,
    clocks.cutoff,
    (days.day::date + clocks.cutoff) at time zone clocks.timezone as begins_at
from generate_series(%(first_day)s::date, %(last_day)s::date, interval '1 day') as days (day)
cross join clocks
