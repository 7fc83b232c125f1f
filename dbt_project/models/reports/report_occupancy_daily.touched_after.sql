-- The balances of a section count everything up to their day: what counts in another way touches all later
-- days on which its section has rows. Entries are looked up event by event and ticket by ticket (`offset 0`):
-- a join would find all entries of all time first.

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
        entry.event_id,
        entry.section_id,
        entry.report_day
    from first_days
    inner join lateral (
        select of_event.*
        from admission_entries as of_event
        where of_event.event_id = first_days.event_id and of_event.report_day > first_days.report_day
        offset 0 -- noqa: AM09, see above
    ) as entry on true
    inner join lateral (
        select of_ticket.*
        from admission_entries as of_ticket
        where of_ticket.ticket_id = entry.ticket_id
        order by of_ticket.scanned_at, of_ticket.received_at, of_ticket.id
        limit 1
    ) as first_entry on true
    where entry.id = first_entry.id
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
