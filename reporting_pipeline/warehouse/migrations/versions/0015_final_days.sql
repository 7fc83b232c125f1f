-- Landed events are queued for the 30th day after their end, on which they have had no row.
insert into landing.touched_days (report_table, organization_id, event_id, report_day, touched_at)
select
    'report_event_summary' as report_table,
    organization_id,
    id as event_id,
    landing.report_day(ends_at, timezone, day_cutoff) + 30 as report_day,
    now() as touched_at
from landing.ticketing_events;
