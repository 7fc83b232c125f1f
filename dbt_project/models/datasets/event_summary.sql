-- Grain: that of report_event_summary. Its rows, with the names known now; null where unknown.
select
    summaries.organization_id,
    organizations.organization_name,
    summaries.event_id,
    {{ event_name('summaries') }} as event_name,
    {{ event_attributes('summaries') }},
    summaries.date,
    summaries.currency,
    {{ figures_of('report_event_summary', 'summaries') }},
    summaries.is_final
from {{ ref('report_event_summary') }} as summaries
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on summaries.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        summaries.event_id = events.event_id
        and {{ known_to('events', 'summaries', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on summaries.event_id = all_events.event_id
