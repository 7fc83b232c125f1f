-- Grain: one row per ticket of a known event. The day is the computed day of issue: a query finds an
-- organisation's tickets by their events, then narrows them to the period. The first admission is
-- looked up by ticket, only if a query needs it.
select
    events.organization_id,
    organizations.organization_name,
    tickets.event_id,
    events.event_name,
    {{ event_attributes('events', 'named_events') }},
    {{ report_day('tickets.issued_at', 'events.event_timezone', 'events.day_cutoff') }} as date,
    tickets.ticket_id,
    tickets.order_id,
    case
        when orders.event_id = tickets.event_id or orders.organization_id = events.organization_id
            then orders.channel
    end as channel,
    tickets.ticket_type_id,
    coalesce(named_ticket_types.ticket_type_name, cast(tickets.ticket_type_id as text)) as ticket_type_name,
    ticket_types.is_admission,
    tickets.is_comp,
    tickets.status,
    tickets.issued_at,
    tickets.invalidated_at,
    admissions.scanned_at as admitted_at,
    admissions.gate_id,
    coalesce(gates.gate_name, cast(admissions.gate_id as text)) as gate_name,
    events.ends_at as event_ends_at,
    case
        when scanning_reads.complete_through >= events.ends_at
            then
                tickets.status = 'valid'
                and coalesce(ticket_types.is_admission, false)
                and admissions.scan_id is null
    end as is_no_show,
    cast(1 as bigint) as ticket_count,
    cast(case when tickets.status = 'valid' then 1 else 0 end as bigint) as valid_count,
    cast(case when tickets.is_comp then 1 else 0 end as bigint) as comp_count,
    cast(case when admissions.scan_id is not null then 1 else 0 end as bigint) as admission_count,
    cast(
        case
            when
                tickets.status = 'valid'
                and ticket_types.is_admission
                and admissions.scan_id is null
                and scanning_reads.complete_through >= events.ends_at
                then 1
            else 0
        end as bigint
    ) as no_show_count
from {{ ref('stg_ticketing__tickets') }} as tickets
inner join {{ ref('stg_ticketing__events') }} as events on tickets.event_id = events.event_id
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on events.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as named_events
    on tickets.event_id = named_events.event_id
left join {{ ref('stg_ticketing__orders') }} as orders on tickets.order_id = orders.order_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on tickets.ticket_type_id = ticket_types.ticket_type_id
left join {{ ref('int_ticketing__named_ticket_types') }} as named_ticket_types
    on
        tickets.ticket_type_id = named_ticket_types.ticket_type_id
        and {{ known_to('named_ticket_types', 'events', ref('int_ticketing__former_events')) }}
left join lateral (
    select
        (array_agg(entries.scan_id order by entries.scanned_at, entries.received_at, entries.scan_id))[1]
            as scan_id,
        (array_agg(entries.scanned_at order by entries.scanned_at, entries.received_at, entries.scan_id))[1]
            as scanned_at,
        (array_agg(entries.gate_id order by entries.scanned_at, entries.received_at, entries.scan_id))[1]
            as gate_id
    from {{ ref('int_scanning__entries') }} as entries
    where entries.ticket_id = tickets.ticket_id
) as admissions on true
left join {{ ref('int_scanning__named_gates') }} as gates
    on
        admissions.gate_id = gates.gate_id
        and {{ known_to('gates', 'events', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_landing__source_reads') }} as scanning_reads on scanning_reads.domain = 'scanning'
