-- Grain: one row per ledger entry, and two rows per counted payout item, as summed by
-- report_revenue_daily. A row has the day of its transaction; the condition repeats the day, so that only
-- one partition is searched.
select
    entries.organization_id,
    organizations.organization_name,
    entries.event_id,
    {{ event_name('entries') }} as event_name,
    {{ event_attributes('entries') }},
    entries.report_day as date,
    entries.currency,
    entries.entry_id,
    entries.payout_item_id,
    entries.transaction_id,
    entries.order_id,
    entries.transaction_kind,
    entries.account_kind,
    entries.component,
    entries.direction,
    entries.effective_at,
    entries.recorded_at,
    entries.is_classified,
    entries.net_credit_minor,
    {{ figures_of('report_revenue_daily', 'entries', but=['transaction_count']) }},
    cast(
        case
            when entries.entry_id = (
                select all_entries.entry_id
                from {{ ref('stg_ledger__entries') }} as all_entries
                where
                    all_entries.transaction_id = entries.transaction_id
                    and all_entries.report_day = entries.report_day
                    and all_entries.currency = entries.currency
                order by all_entries.entry_id
                limit 1
            ) then 1
            else 0
        end as bigint
    ) as transaction_count
from {{ ref('int_ledger__revenue_figures') }} as entries
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on entries.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        entries.event_id = events.event_id
        and {{ known_to('events', 'entries', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on entries.event_id = all_events.event_id
where entries.report_day = entries.transaction_report_day
