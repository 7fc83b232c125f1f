-- Grain: that of report_occupancy_daily. Its rows, with the names known now; null where unknown.
select
    occupancy.organization_id,
    organizations.organization_name,
    occupancy.event_id,
    events.event_name,
    {{ event_attributes() }},
    occupancy.section_id,
    case when occupancy.section_id is null then '(no section)' else sections.section_name end as section_name,
    occupancy.date,
    {{ figures_of('report_occupancy_daily', 'occupancy') }}
from {{ ref('report_occupancy_daily') }} as occupancy
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on occupancy.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on occupancy.event_id = events.event_id
left join {{ ref('stg_seating__sections') }} as sections on occupancy.section_id = sections.section_id
