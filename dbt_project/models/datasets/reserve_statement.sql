-- Grain: organization_id, event_id (null: no single event), date, currency, on days with a movement of
-- organizer_reserve. Payout items do not move this account.
with
-- A row of one source has 0 in the figures of the other, so that a condition on a day applies to both.
sides as (
    select
        organization_id,
        event_id,
        account_kind,
        date,
        currency,
        change_minor,
        0 as held_minor,
        0 as released_minor
    from {{ ref('report_account_movements_daily') }}
    where account_kind = 'organizer_reserve'
    union all
    select
        organization_id,
        event_id,
        account_kind,
        report_day as date,
        currency,
        0 as change_minor,
        case when transaction_kind = 'reserve_hold' then net_credit_minor else 0 end as held_minor,
        case when transaction_kind = 'reserve_release' then -net_credit_minor else 0 end as released_minor
    from {{ ref('int_ledger__entries') }}
    where
        account_kind = 'organizer_reserve'
        and component = 'reserve'
        and report_day = transaction_report_day
),

movements as (
    select
        organization_id,
        event_id,
        account_kind,
        date,
        currency,
        cast(sum(change_minor) as bigint) as change_minor,
        cast(sum(held_minor) as bigint) as held_minor,
        cast(sum(released_minor) as bigint) as released_minor
    from sides
    group by
        organization_id,
        event_id,
        account_kind,
        date,
        currency
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
    movements.held_minor,
    movements.released_minor,
    movements.change_minor - movements.held_minor + movements.released_minor as other_change_minor,
    {{ running_balance('report_account_movements_daily', 'movements', 'closing_minor') }} as closing_minor
from movements
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on movements.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        movements.event_id = events.event_id
        and {{ known_to('events', 'movements', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on movements.event_id = all_events.event_id
