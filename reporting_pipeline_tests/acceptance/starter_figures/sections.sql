-- From source rows alone. A section is one that an inventory movement or a ticket of the event names;
-- tickets without a section count together.
with events as (
    select
        *,
        ((starts_at at time zone timezone) - day_cutoff)::date as start_day,
        ((ends_at at time zone timezone) - day_cutoff)::date as end_day
    from landing.ticketing_events
    where organization_id = %(organization_id)s
),

-- One event, or those that were not over before the period.
listed as (
    select * from events
    where
        case
            when %(event_id)s::uuid is not null then id = %(event_id)s
            else end_day >= %(first)s or (status = 'postponed' and rescheduled_from is null)
        end
),

admission_tickets as (
    select k.*
    from landing.ticketing_tickets as k
    inner join landing.ticketing_ticket_types as t on k.ticket_type_id = t.id
    where t.is_admission
),

seats as (
    select
        e.id as event_id,
        s.section_id,
        sum(s.quantity) filter (where s.kind = 'capacity') as capacity,
        sum(s.quantity) filter (where s.kind = 'hold') as holds,
        sum(s.quantity) filter (where s.kind = 'kill') as kills
    from landing.seating_inventory_movements as s
    inner join listed as e on s.event_id = e.id
    where ((s.occurred_at at time zone e.timezone) - e.day_cutoff)::date < %(end)s
    group by e.id, s.section_id
),

dated_tickets as (
    select
        e.id as event_id,
        k.section_id,
        k.is_comp,
        ((k.issued_at at time zone e.timezone) - e.day_cutoff)::date as issued_day,
        ((k.invalidated_at at time zone e.timezone) - e.day_cutoff)::date as invalidated_day
    from admission_tickets as k
    inner join listed as e on k.event_id = e.id
),

issued as (
    select
        event_id,
        section_id,
        count(*) filter (where coalesce(invalidated_day >= %(end)s, true)) as tickets,
        count(*) filter (where is_comp and coalesce(invalidated_day >= %(end)s, true)) as comps
    from dated_tickets
    where issued_day < %(end)s
    group by event_id, section_id
),

-- Of repeated uploads the one received first.
standing as (
    select distinct on (device_id, device_sequence, event_id, ticket_id, scanned_at) *
    from landing.scanning_scans
    order by device_id, device_sequence, event_id, ticket_id, scanned_at, received_at, id
),

-- A revert may name any copy of a repeated upload.
taken_back as materialized (
    select
        c.device_id,
        c.device_sequence,
        c.event_id,
        c.ticket_id,
        c.scanned_at
    from standing as r
    inner join landing.scanning_scans as c on r.reverts_scan_id = c.id
    where r.outcome = 'accepted'
),

first_entries as (
    select distinct on (s.ticket_id)
        s.event_id,
        k.section_id,
        s.scanned_at
    from standing as s
    inner join admission_tickets as k on s.ticket_id = k.id
    where
        s.direction = 'entry' and s.outcome = 'accepted' and s.reverts_scan_id is null
        and not exists (
            select from taken_back as b
            where
                (b.device_id, b.device_sequence, b.event_id, b.ticket_id, b.scanned_at)
                = (s.device_id, s.device_sequence, s.event_id, s.ticket_id, s.scanned_at)
        )
    order by s.ticket_id, s.scanned_at, s.received_at, s.id
),

admitted as (
    select
        e.id as event_id,
        f.section_id,
        count(*) as admissions
    from first_entries as f
    inner join listed as e on f.event_id = e.id
    where ((f.scanned_at at time zone e.timezone) - e.day_cutoff)::date < %(end)s
    group by e.id, f.section_id
),

sections as (
    select
        event_id,
        section_id
    from seats
    union
    select
        event_id,
        section_id
    from issued
    union
    select
        event_id,
        section_id
    from admitted
),

figures as (
    select
        sections.event_id,
        sections.section_id,
        seats.event_id is not null as has_seats,
        coalesce(capacity, 0) as capacity,
        coalesce(holds, 0) as holds,
        coalesce(kills, 0) as kills,
        coalesce(capacity, 0) - coalesce(holds, 0) - coalesce(kills, 0) as sellable,
        coalesce(tickets, 0) as tickets,
        coalesce(comps, 0) as comps,
        coalesce(admissions, 0) as admissions
    from sections
    left join seats
        on
            sections.event_id = seats.event_id
            and sections.section_id = seats.section_id
    left join issued
        on
            sections.event_id = issued.event_id
            and sections.section_id is not distinct from issued.section_id
    left join admitted
        on
            sections.event_id = admitted.event_id
            and sections.section_id is not distinct from admitted.section_id
)

select
    e.start_day,
    e.name,
    v.name,
    e.status,
    case when f.section_id is null then '(no section)' else s.name end,
    capacity,
    holds,
    kills,
    sellable,
    tickets,
    comps,
    case when has_seats then sellable - tickets end,
    case when sellable > 0 then round(tickets::numeric / sellable, 6) end,
    admissions,
    case when capacity > 0 then round(admissions::numeric / capacity, 6) end
from figures as f
inner join listed as e on f.event_id = e.id
left join landing.seating_venues as v on e.venue_id = v.id
left join landing.seating_sections as s on f.section_id = s.id
order by
    e.start_day,
    e.name collate "C",
    case when f.section_id is null then '(no section)' else s.name end collate "C",
    e.id,
    f.section_id
