-- Grain: that of report_tax_daily. Its rows, with the names known now; null where unknown.
select
    tax.organization_id,
    organizations.organization_name,
    tax.event_id,
    {{ event_name('tax') }} as event_name,
    {{ event_attributes('tax') }},
    tax.date,
    tax.currency,
    tax.tax_jurisdiction,
    tax.tax_rate,
    {{ figures_of('report_tax_daily', 'tax') }}
from {{ ref('report_tax_daily') }} as tax
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on tax.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        tax.event_id = events.event_id
        and {{ known_to('events', 'tax', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on tax.event_id = all_events.event_id
