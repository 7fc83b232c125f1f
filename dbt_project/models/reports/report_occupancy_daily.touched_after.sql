-- The balances of a section count everything up to their day: what counts in another way touches all later
-- days on which its section has rows. First entries are looked up ticket by ticket, of the tickets that were
-- scanned at the event on such days: a join would find all entries of all time first.

with moved as (
    select
        contribution.event_id,
        contribution.section_id,
        min(contribution.report_day) as report_day
    from (
        select
            counted_once.event_id,
            counted_once.report_day,
            coalesce((counted_once.counted::jsonb ->> 'section_id')::uuid, uuid_nil.id) as section_id,
            count(*) over (partition by counted_once.id, counted_once.counted) as phase_count
        from counted_once
        cross join (values ('00000000-0000-0000-0000-000000000000'::uuid)) as uuid_nil (id)
        where counted_once.report_table = 'report_occupancy_daily'
    ) as contribution
    where contribution.phase_count = 1
    group by contribution.event_id, contribution.section_id
),

first_days as materialized (
    select
        moved.event_id,
        min(moved.report_day) as report_day
    from moved
    group by moved.event_id
),

section_days as (
    select
        movement.event_id,
        movement.section_id,
        movement.report_day
    from first_days
    inner join landing.seating_inventory_movements as movement
        on first_days.event_id = movement.event_id and first_days.report_day < movement.report_day
    union
    select
        ticket.event_id,
        ticket.section_id,
        landing.report_day(instant.instant, event.timezone, event.day_cutoff) as report_day
    from first_days
    inner join landing.ticketing_events as event on first_days.event_id = event.id
    inner join landing.ticketing_tickets as ticket on first_days.event_id = ticket.event_id
    inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
    cross join lateral (values (ticket.issued_at), (ticket.invalidated_at)) as instant (instant)
    where
        ticket_type.is_admission
        and landing.report_day(instant.instant, event.timezone, event.day_cutoff) > first_days.report_day
    union
    select
        first_entry.event_id,
        first_entry.section_id,
        first_entry.report_day
    from (
        select distinct
            first_days.event_id,
            first_days.report_day,
            scan.ticket_id
        from first_days
        inner join landing.scanning_scans as scan
            on first_days.event_id = scan.event_id and first_days.report_day < scan.report_day
        where scan.outcome = 'accepted' and scan.direction = 'entry' and scan.ticket_id is not null
    ) as scanned
    inner join lateral (
        select of_ticket.*
        from admission_entries as of_ticket
        where of_ticket.ticket_id = scanned.ticket_id
        order by of_ticket.scanned_at, of_ticket.received_at, of_ticket.id
        limit 1
    ) as first_entry on true
    where first_entry.event_id = scanned.event_id and first_entry.report_day > scanned.report_day
)

select distinct
    event.organization_id,
    moved.event_id,
    section_days.report_day
from moved
inner join section_days
    on
        moved.event_id = section_days.event_id
        and moved.section_id = coalesce(section_days.section_id, '00000000-0000-0000-0000-000000000000')
        and moved.report_day < section_days.report_day
inner join landing.ticketing_events as event on moved.event_id = event.id
