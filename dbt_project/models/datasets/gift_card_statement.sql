-- Grain: organization_id, event_id (null: no single event), date, currency, on days with a movement of
-- gift_card_liability.
with movements as (
    select
        movements.organization_id,
        movements.event_id,
        movements.account_kind,
        movements.date,
        movements.currency,
        movements.change_minor,
        coalesce(revenue.gift_card_sold_minor, 0) as gift_card_sold_minor,
        coalesce(revenue.gift_card_returned_minor, 0) as gift_card_returned_minor,
        coalesce(revenue.collected_gift_card_minor, 0) as collected_gift_card_minor,
        coalesce(revenue.repaid_gift_card_minor, 0) as repaid_gift_card_minor
    from {{ ref('report_account_movements_daily') }} as movements
    left join {{ ref('report_revenue_daily') }} as revenue
        on
            movements.date = revenue.date
            and movements.organization_id = revenue.organization_id
            and movements.currency = revenue.currency
            and movements.event_id is not distinct from revenue.event_id
    where movements.account_kind = 'gift_card_liability'
)

select
    movements.organization_id,
    organizations.organization_name,
    movements.event_id,
    {{ event_name('movements') }} as event_name,
    {{ event_attributes('movements') }},
    movements.date,
    movements.currency,
    {{ running_balance('report_account_movements_daily', 'movements', 'closing_minor') }}
    - movements.change_minor as opening_minor,
    movements.gift_card_sold_minor,
    movements.gift_card_returned_minor,
    movements.collected_gift_card_minor,
    movements.repaid_gift_card_minor,
    movements.change_minor - movements.gift_card_sold_minor + movements.gift_card_returned_minor
    + movements.collected_gift_card_minor - movements.repaid_gift_card_minor as other_change_minor,
    {{ running_balance('report_account_movements_daily', 'movements', 'closing_minor') }} as closing_minor
from movements
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on movements.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        movements.event_id = events.event_id
        and {{ known_to('events', 'movements', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on movements.event_id = all_events.event_id
