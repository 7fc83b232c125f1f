-- Grain: that of report_account_movements_daily. Its rows, with the names known now; null where unknown.
select
    movements.organization_id,
    organizations.organization_name,
    movements.event_id,
    {{ event_name('movements') }} as event_name,
    {{ event_attributes('movements') }},
    movements.account_kind,
    movements.currency,
    movements.date,
    {{ figures_of('report_account_movements_daily', 'movements') }}
from {{ ref('report_account_movements_daily') }} as movements
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on movements.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        movements.event_id = events.event_id
        and {{ known_to('events', 'movements', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on movements.event_id = all_events.event_id
