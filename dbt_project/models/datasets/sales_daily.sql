-- Grain: that of report_sales_daily. Its rows, with the names known now; null where unknown.
select
    sales.organization_id,
    organizations.organization_name,
    sales.event_id,
    {{ event_name('sales') }} as event_name,
    {{ event_attributes('sales') }},
    sales.date,
    sales.currency,
    sales.ticket_type_id,
    coalesce(ticket_types.ticket_type_name, cast(sales.ticket_type_id as text)) as ticket_type_name,
    sales.channel,
    sales.is_admission,
    {{ figures_of('report_sales_daily', 'sales') }}
from {{ ref('report_sales_daily') }} as sales
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on sales.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        sales.event_id = events.event_id
        and {{ known_to('events', 'sales', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on sales.event_id = all_events.event_id
left join {{ ref('int_ticketing__named_ticket_types') }} as ticket_types
    on
        sales.ticket_type_id = ticket_types.ticket_type_id
        and {{ known_to('ticket_types', 'sales', ref('int_ticketing__former_events')) }}
