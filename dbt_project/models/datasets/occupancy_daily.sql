-- Grain: that of report_occupancy_daily. Its rows, with the names known now; null where unknown. Venues
-- belong to nobody: a section is another organisation's where only events of others are at its venue.
select
    occupancy.organization_id,
    organizations.organization_name,
    occupancy.event_id,
    {{ event_name('occupancy') }} as event_name,
    {{ event_attributes('occupancy') }},
    occupancy.section_id,
    case
        when occupancy.section_id is null then '(no section)'
        else coalesce(sections.section_name, cast(occupancy.section_id as text))
    end as section_name,
    occupancy.date,
    {{ figures_of('report_occupancy_daily', 'occupancy') }}
from {{ ref('report_occupancy_daily') }} as occupancy
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on occupancy.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        occupancy.event_id = events.event_id
        and {{ known_to('events', 'occupancy', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on occupancy.event_id = all_events.event_id
left join {{ ref('stg_seating__sections') }} as sections
    on
        occupancy.section_id = sections.section_id
        and (
            sections.venue_id = all_events.venue_id
            or exists (
                select 1
                from {{ ref('stg_ticketing__events') }} as own_events
                where
                    own_events.venue_id = sections.venue_id
                    and own_events.organization_id = occupancy.organization_id
            )
            or not exists (
                select 1
                from {{ ref('stg_ticketing__events') }} as other_events
                where other_events.venue_id = sections.venue_id
            )
        )
