-- Grain: one row per event and report day on which the ledger has entries or payout items of the event
-- and its own organisation, up to the days to rebuild. Money in minor units of the event's currency.
-- Entries in other currencies add nothing; `other_currency_count` counts the currencies that are new on
-- the day. For a few days, entries are looked up transaction by transaction: a join would read those of
-- all events and all time. For many days, a join is faster.
-- depends_on: {{ ref('int_ledger__revenue_figures') }}
{{ config(materialized='ephemeral') }}
{%- set figures = [
    'gross_minor', 'refund_minor', 'net_revenue_minor', 'platform_fee_minor', 'processing_fee_minor',
    'payable_change_minor',
] %}
with entries as (
    {%- if are_few_days() %}
        select
            transactions.event_id,
            figures.report_day,
            figures.currency,
            figures.currency = events.currency as is_in_event_currency,
            {{ columns_from('figures', figures) }}
        from {{ ref('int_event_summary__events') }} as events
        inner join {{ ref('stg_ledger__transactions') }} as transactions
            on
                events.event_id = transactions.event_id
                and events.organization_id = transactions.organization_id
        inner join lateral (
            select entry_figures.*
            from {{ ref('int_ledger__entry_figures') }} as entry_figures
            where
                entry_figures.transaction_id = transactions.transaction_id
                and entry_figures.report_day = transactions.report_day
                and entry_figures.transaction_report_day = transactions.report_day
            {{ looked_up() }}
        ) as figures on true
        where {{ up_to_days('transactions.report_day') }}
        union all
        select
            events.event_id,
            sides.report_day,
            sides.currency,
            sides.currency = events.currency as is_in_event_currency,
            {%- for name in figures[:-1] %}
                cast(0 as bigint) as {{ name }},
            {%- endfor %}
            sides.payable_change_minor
        from {{ ref('int_event_summary__events') }} as events
        inner join {{ ref('stg_ledger__payout_items') }} as items on events.event_id = items.event_id
        inner join lateral (
            select item_sides.*
            from {{ ref('int_ledger__payout_item_sides') }} as item_sides
            where
                item_sides.payout_item_id = items.payout_item_id
                and item_sides.report_day = items.report_day
                and item_sides.transaction_report_day = items.report_day
                and item_sides.event_id = items.event_id
                and item_sides.organization_id = events.organization_id
            {{ looked_up() }}
        ) as sides on true
        where {{ up_to_days('items.report_day') }}
    {%- else %}
        select
            entries.event_id,
            entries.report_day,
            entries.currency,
            entries.currency = events.currency as is_in_event_currency,
            {{ columns_from('entries', figures) }}
        from {{ ref('int_ledger__revenue_figures') }} as entries
        inner join {{ ref('int_event_summary__events') }} as events
            on entries.event_id = events.event_id and entries.organization_id = events.organization_id
        where
            {{ up_to_days('entries.report_day') }}
            and {{ up_to_days('entries.transaction_report_day') }}
    {%- endif %}
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
