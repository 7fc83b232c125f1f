-- Grain: order, place (organisation, event, currency) in which it is booked or charged, and report day
-- on which the order has a movement or a charge. Sums booked by Ticketing and charged by the Ledger up
-- to the end of the day, in minor units; `known_*` have the order's values in Ticketing.
{{ config(materialized='ephemeral') }}
with changes as (
    select
        order_id,
        organization_id,
        event_id,
        currency,
        report_day,
        sum(ticketing_minor) as ticketing_minor,
        sum(ledger_minor) as ledger_minor,
        sum(booking_count) as booking_count,
        sum(charge_count) as charge_count
    from {{ ref('int_reconciliation__bookings') }}
    group by
        order_id,
        organization_id,
        event_id,
        currency,
        report_day
),

days as (
    select
        order_id,
        report_day,
        sum(sum(booking_count)) over (partition by order_id order by report_day) as booking_count,
        sum(sum(charge_count)) over (partition by order_id order by report_day) as charge_count
    from changes
    group by
        order_id,
        report_day
),

places as (
    select
        order_id,
        organization_id,
        event_id,
        currency,
        {{ group_id(['order_id', 'organization_id', 'event_id', 'currency']) }} as place_number
    from changes
    group by
        order_id,
        organization_id,
        event_id,
        currency
),

sums as (
    select
        places.order_id,
        places.organization_id,
        places.event_id,
        places.currency,
        days.report_day,
        days.booking_count,
        days.charge_count,
        places.place_number,
        coalesce(sum(changes.ticketing_minor), 0) as changed_ticketing_minor,
        coalesce(sum(changes.ledger_minor), 0) as changed_ledger_minor
    from places
    inner join days on places.order_id = days.order_id
    left join changes
        on
            places.order_id = changes.order_id
            and days.report_day = changes.report_day
            and places.organization_id = changes.organization_id
            and places.event_id is not distinct from changes.event_id
            and places.currency = changes.currency
    group by
        places.order_id,
        places.organization_id,
        places.event_id,
        places.currency,
        days.report_day,
        days.booking_count,
        days.charge_count,
        places.place_number
),

sums_to_date as (
    select
        order_id,
        organization_id,
        event_id,
        currency,
        report_day,
        place_number,
        booking_count,
        charge_count,
        sum(changed_ticketing_minor) over so_far as ticketing_minor,
        sum(changed_ledger_minor) over so_far as ledger_minor
    from sums
    window so_far as (partition by place_number order by report_day)
)

select
    sums_to_date.order_id,
    sums_to_date.organization_id,
    sums_to_date.event_id,
    sums_to_date.currency,
    sums_to_date.report_day,
    sums_to_date.booking_count,
    sums_to_date.charge_count,
    sums_to_date.ticketing_minor,
    sums_to_date.ledger_minor,
    max(case when sums_to_date.ticketing_minor = sums_to_date.ledger_minor then sums_to_date.report_day end)
        over (partition by sums_to_date.place_number) as last_equal_day,
    max(sums_to_date.report_day) over (partition by sums_to_date.order_id) as last_day,
    orders.status as known_status,
    coalesce(
        (sums_to_date.organization_id, sums_to_date.event_id) = (orders.organization_id, orders.event_id),
        false
    ) as is_known_place,
    coalesce(sums_to_date.currency = orders.currency, false) as is_known_currency
from sums_to_date
left join {{ ref('stg_ticketing__orders') }} as orders on sums_to_date.order_id = orders.order_id
