-- A movement of the inventory, the issue and the end of a ticket, and its admission count on one day and in
-- one section. `counted` says how: what changes it touches its days, and the later days of its section.

with tickets as (
    select
        ticket.id,
        ticket.section_id,
        ticket.is_comp,
        event.organization_id,
        event.id as event_id,
        landing.report_day(ticket.issued_at, event.timezone, event.day_cutoff) as issued_day,
        landing.report_day(ticket.invalidated_at, event.timezone, event.day_cutoff) as invalidated_day
    from occupancy_tickets
    inner join landing.ticketing_tickets as ticket on occupancy_tickets.id = ticket.id
    inner join landing.ticketing_events as event on ticket.event_id = event.id
    inner join landing.ticketing_ticket_types as ticket_type on ticket.ticket_type_id = ticket_type.id
    where ticket_type.is_admission
),

admissions as (
    select first_entries.*
    from occupancy_tickets
    inner join lateral (
        select admission_entries.*
        from admission_entries
        where admission_entries.ticket_id = occupancy_tickets.id
        order by admission_entries.scanned_at, admission_entries.received_at, admission_entries.id
        limit 1
    ) as first_entries on true
),

contributions as (
    select
        'movement ' || movement.id as id,
        movement.section_id,
        null::boolean as is_comp,
        null::boolean as is_counted,
        event.organization_id,
        event.id as event_id,
        movement.report_day
    from occupancy_movements
    inner join landing.seating_inventory_movements as movement on occupancy_movements.id = movement.id
    inner join landing.ticketing_events as event on movement.event_id = event.id
    where movement.report_day is not null
    union all
    select
        'issue of ' || tickets.id as id,
        tickets.section_id,
        tickets.is_comp,
        coalesce(tickets.invalidated_day > tickets.issued_day, true) as is_counted,
        tickets.organization_id,
        tickets.event_id,
        tickets.issued_day as report_day
    from tickets
    union all
    select
        'end of ' || tickets.id as id,
        tickets.section_id,
        tickets.is_comp,
        tickets.invalidated_day > tickets.issued_day as is_counted,
        tickets.organization_id,
        tickets.event_id,
        tickets.invalidated_day as report_day
    from tickets
    where tickets.invalidated_day is not null
    union all
    select
        'admission of ' || admissions.ticket_id as id,
        admissions.section_id,
        null::boolean as is_comp,
        null::boolean as is_counted,
        admissions.organization_id,
        admissions.event_id,
        admissions.report_day
    from admissions
)

select
    contributions.id,
    jsonb_build_object(
        'organization_id', contributions.organization_id,
        'event_id', contributions.event_id,
        'section_id', contributions.section_id,
        'report_day', contributions.report_day,
        'is_comp', contributions.is_comp,
        'is_counted', contributions.is_counted
    )::text as counted,
    contributions.organization_id,
    contributions.event_id,
    contributions.report_day
from contributions
