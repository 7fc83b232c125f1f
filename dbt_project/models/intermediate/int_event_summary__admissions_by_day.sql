-- Grain: one row per event and report day with admissions, up to the days to rebuild. Counts the tickets
-- scanned at the events; a ticket is admitted once, by its first entry at any event.
{{ config(materialized='ephemeral') }}
with tickets as (
    select distinct scans.ticket_id
    from {{ ref('int_event_summary__events') }} as events
    inner join {{ ref('stg_scanning__scans') }} as scans on events.event_id = scans.event_id
    where
        scans.outcome = 'accepted'
        and scans.direction = 'entry'
        and scans.ticket_id is not null
        and {{ up_to_days('scans.report_day') }}
),

admissions as (
    {%- if are_few_days() %}
        select
            entries.ticket_id,
            entries.event_id,
            entries.report_day
        from tickets
        inner join lateral (
            select first_entries.*
            from {{ ref('int_scanning__entries') }} as first_entries
            where first_entries.ticket_id = tickets.ticket_id
            order by
                first_entries.scanned_at,
                first_entries.received_at,
                first_entries.scan_id
            limit 1
        ) as entries on true
    {%- else %}
        {% call first_rows(
            'entries.ticket_id',
            ['entries.event_id', 'entries.report_day'],
            ['entries.scanned_at', 'entries.received_at', 'entries.scan_id']
        ) %}
        from tickets
        inner join {{ ref('int_scanning__entries') }} as entries on tickets.ticket_id = entries.ticket_id
        {% endcall %}
    {%- endif %}
)

select
    event_id,
    report_day,
    count(*) as admission_count
from admissions
group by
    event_id,
    report_day
