-- Grain: one row per ticket that is admitted at one of the events, up to the days to rebuild: its first
-- entry at any event, in its section.
{{ config(materialized='ephemeral') }}
with scanned_tickets as (
    select distinct scans.ticket_id
    from {{ ref('int_occupancy__events') }} as events
    inner join {{ ref('stg_scanning__scans') }} as scans on events.event_id = scans.event_id
    where
        scans.outcome = 'accepted'
        and scans.direction = 'entry'
        and scans.ticket_id is not null
        and {{ up_to_days('scans.report_day') }}
),

first_entries as (
    {% call first_rows(
        'entries.ticket_id',
        ['entries.event_id', 'entries.report_day'],
        ['entries.scanned_at', 'entries.received_at', 'entries.scan_id']
    ) %}
    from scanned_tickets
    inner join {{ ref('int_scanning__entries') }} as entries on scanned_tickets.ticket_id = entries.ticket_id
    {% endcall %}
)

select
    first_entries.event_id,
    tickets.section_id,
    first_entries.report_day
from first_entries
inner join {{ ref('int_occupancy__events') }} as events on first_entries.event_id = events.event_id
inner join {{ ref('stg_ticketing__tickets') }} as tickets on first_entries.ticket_id = tickets.ticket_id
