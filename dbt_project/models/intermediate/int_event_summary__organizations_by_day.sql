-- Grain: one row per event and report day on which an organisation other than the event's has sales or
-- revenue of it for the first time, up to the days to rebuild; with the number of these organisations.
{{ config(materialized='ephemeral') }}
with of_rows as (
    select
        units.event_id,
        units.organization_id,
        units.report_day
    from {{ ref('int_event_summary__units') }} as units
    inner join {{ ref('int_event_summary__events') }} as events
        on units.event_id = events.event_id and units.organization_id <> events.organization_id
    union all
    select
        transactions.event_id,
        transactions.organization_id,
        transactions.report_day
    from {{ ref('stg_ledger__transactions') }} as transactions
    inner join {{ ref('int_event_summary__events') }} as events
        on
            transactions.event_id = events.event_id
            and transactions.organization_id <> events.organization_id
    where
        {{ up_to_days('transactions.report_day') }}
        and exists (
            select 1
            from {{ ref('stg_ledger__entries') }} as entries
            where entries.transaction_id = transactions.transaction_id
        )
    union all
    select
        items.event_id,
        items.organization_id,
        items.report_day
    from {{ ref('int_ledger__payout_items') }} as items
    inner join {{ ref('int_event_summary__events') }} as events
        on items.event_id = events.event_id and items.organization_id <> events.organization_id
    where
        items.is_counted
        and {{ up_to_days('items.report_day') }}
        and {{ up_to_days('items.transaction_report_day') }}
),

first_days as (
    select
        event_id,
        organization_id,
        min(report_day) as report_day
    from of_rows
    group by
        event_id,
        organization_id
)

select
    event_id,
    report_day,
    count(*) as organization_count
from first_days
group by
    event_id,
    report_day
