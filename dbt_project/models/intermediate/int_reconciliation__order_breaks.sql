-- Grain: order, place and report day, if the sums differ at the end of the day; the days to rebuild.
{{ config(materialized='ephemeral') }}
with sums as (
    select
        *,
        bool_or(not is_known_place and ledger_minor <> 0) over (partition by order_id, report_day)
            as is_charged_elsewhere,
        bool_or(is_known_place and not is_known_currency and ledger_minor <> 0)
            over (partition by order_id, report_day) as is_charged_in_other_currency
    from {{ ref('int_reconciliation__sums_by_order_day') }}
),

differences as (
    select
        *,
        case
            when last_equal_day > report_day then 'timing'
            when known_status is null or booking_count = 0 then 'missing_in_ticketing'
            when charge_count = 0 then 'missing_in_ledger'
            when is_charged_elsewhere and (not is_known_place or is_known_currency) then 'organization'
            when is_charged_in_other_currency then 'currency'
            when
                ticketing_minor <> 0
                and mod(ledger_minor, ticketing_minor) = 0
                and ledger_minor / ticketing_minor >= 2
                then 'duplicate'
            else 'amount'
        end as kind
    from sums
    where
        {{ in_days('report_day') }}
        and ticketing_minor <> ledger_minor
)

select
    differences.report_day,
    differences.organization_id,
    differences.event_id,
    differences.order_id,
    differences.currency,
    differences.kind,
    differences.ticketing_minor,
    differences.ledger_minor,
    {{ ids_in_order('bookings.proof_id') }} as proof_ids
from differences
inner join {{ ref('int_reconciliation__bookings') }} as bookings
    on
        differences.order_id = bookings.order_id
        and differences.organization_id = bookings.organization_id
        and differences.event_id is not distinct from bookings.event_id
        and differences.currency = bookings.currency
        and differences.report_day >= bookings.report_day
group by
    differences.report_day,
    differences.organization_id,
    differences.event_id,
    differences.order_id,
    differences.currency,
    differences.kind,
    differences.ticketing_minor,
    differences.ledger_minor
