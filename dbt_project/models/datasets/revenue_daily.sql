-- Grain: that of report_revenue_daily. Its rows, with the names known now; null where unknown.
select
    revenue.organization_id,
    organizations.organization_name,
    revenue.event_id,
    {{ event_name('revenue') }} as event_name,
    {{ event_attributes() }},
    revenue.date,
    revenue.currency,
    {{ figures_of('report_revenue_daily', 'revenue') }}
from {{ ref('report_revenue_daily') }} as revenue
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on revenue.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on revenue.event_id = events.event_id
