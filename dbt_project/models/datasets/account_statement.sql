-- Grain: that of report_account_movements_daily: its rows, with the balance of the account before and after.
select
    movements.organization_id,
    organizations.organization_name,
    movements.event_id,
    {{ event_name('movements') }} as event_name,
    {{ event_attributes('movements') }},
    movements.account_kind,
    movements.date,
    movements.currency,
    {{ running_balance('report_account_movements_daily', 'movements', 'closing_minor') }}
    - movements.change_minor as opening_minor,
    movements.debit_minor,
    movements.credit_minor,
    movements.change_minor,
    {{ running_balance('report_account_movements_daily', 'movements', 'closing_minor') }} as closing_minor
from {{ ref('report_account_movements_daily') }} as movements
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on movements.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        movements.event_id = events.event_id
        and {{ known_to('events', 'movements', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on movements.event_id = all_events.event_id
