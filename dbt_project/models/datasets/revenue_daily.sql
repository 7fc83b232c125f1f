-- Grain: that of report_revenue_daily. Its rows, with the names known now; null where unknown.
select
    revenue.organization_id,
    organizations.organization_name,
    revenue.event_id,
    {{ event_name('revenue') }} as event_name,
    {{ event_attributes('revenue') }},
    revenue.date,
    revenue.currency,
    {{ figures_of('report_revenue_daily', 'revenue') }},
    revenue.payable_change_minor - revenue.net_revenue_minor
    + revenue.platform_fee_minor + revenue.processing_fee_minor as payable_other_change_minor
from {{ ref('report_revenue_daily') }} as revenue
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on revenue.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        revenue.event_id = events.event_id
        and {{ known_to('events', 'revenue', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on revenue.event_id = all_events.event_id
