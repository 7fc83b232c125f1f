-- Grain: organization_id, event_id (null: no single event), date, currency, on days with a movement of
-- organizer_payable. A balance needs all earlier days, which this one table has.
with statement as (
    select
        *,
        cast(
            sum(payable_change_minor) over (
                partition by organization_id, event_id, currency
                order by date
            ) as bigint
        ) as closing_minor
    from {{ ref('int_ledger__revenue_with_organizer_share') }}
    where
        payable_change_minor <> 0
        or organizer_share_minor <> 0
        or platform_fee_minor <> 0
        or processing_fee_minor <> 0
        or chargeback_fee_minor <> 0
        or adjustment_minor <> 0
        or reserve_held_minor <> 0
        or reserve_released_minor <> 0
        or payout_minor <> 0
        or payout_reversal_minor <> 0
)

select
    statement.organization_id,
    organizations.organization_name,
    statement.event_id,
    {{ event_name('statement') }} as event_name,
    events.event_timezone,
    events.venue_name,
    statement.date,
    statement.currency,
    statement.closing_minor - statement.payable_change_minor as opening_minor,
    statement.organizer_share_minor,
    statement.platform_fee_minor,
    statement.processing_fee_minor,
    statement.chargeback_fee_minor,
    statement.adjustment_minor,
    statement.reserve_held_minor,
    statement.reserve_released_minor,
    statement.payout_minor,
    statement.payout_reversal_minor,
    statement.payable_change_minor,
    statement.closing_minor
from statement
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on statement.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on statement.event_id = events.event_id
