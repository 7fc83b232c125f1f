-- Grain: one row per event and report day on which the ledger has entries or payout items of the event
-- and its own organisation, up to the days to rebuild. Money in minor units of the event's currency.
-- Entries in other currencies add nothing; `other_currency_count` counts the currencies that are new on
-- the day.
{{ config(materialized='ephemeral') }}
with entries as (
    select
        entries.event_id,
        entries.report_day,
        entries.currency,
        entries.currency = events.currency as is_in_event_currency,
        entries.gross_minor,
        entries.refund_minor,
        entries.net_revenue_minor,
        entries.platform_fee_minor,
        entries.processing_fee_minor,
        entries.payable_change_minor
    from {{ ref('int_ledger__revenue_figures') }} as entries
    inner join {{ ref('int_event_summary__events') }} as events
        on entries.event_id = events.event_id and entries.organization_id = events.organization_id
    where
        {{ up_to_days('entries.report_day') }}
        and {{ up_to_days('entries.transaction_report_day') }}
),

by_currency as (
    select
        event_id,
        report_day,
        currency,
        is_in_event_currency,
        sum(gross_minor) as gross_minor,
        sum(refund_minor) as refund_minor,
        sum(net_revenue_minor) as net_revenue_minor,
        sum(platform_fee_minor) as platform_fee_minor,
        sum(processing_fee_minor) as processing_fee_minor,
        sum(payable_change_minor) as payable_change_minor,
        row_number() over (partition by event_id, currency order by report_day) as day_number
    from entries
    group by
        event_id,
        report_day,
        currency,
        is_in_event_currency
)

select
    event_id,
    report_day,
    sum(case when is_in_event_currency then gross_minor else 0 end) as gross_minor,
    sum(case when is_in_event_currency then refund_minor else 0 end) as refund_minor,
    sum(case when is_in_event_currency then net_revenue_minor else 0 end)
        as net_revenue_minor,
    sum(case when is_in_event_currency then platform_fee_minor else 0 end)
        as platform_fee_minor,
    sum(case when is_in_event_currency then processing_fee_minor else 0 end)
        as processing_fee_minor,
    sum(case when is_in_event_currency then payable_change_minor else 0 end)
        as payable_change_minor,
    sum(case when not is_in_event_currency and day_number = 1 then 1 else 0 end)
        as other_currency_count
from by_currency
group by
    event_id,
    report_day
