-- Grain: one row per payout item, with columns of its transaction. All items of a transaction in a
-- currency are counted, or none: `total_minor` is their sum, in minor units. They may be as much as the
-- transaction moves on organizer_payable as a payout or a reserve.
select
    items.payout_item_id,
    items.transaction_id,
    items.report_day,
    transactions.report_day as transaction_report_day,
    transactions.organization_id,
    transactions.event_id as transaction_event_id,
    items.event_id,
    transactions.order_id,
    transactions.transaction_kind,
    transactions.effective_at,
    items.recorded_at,
    items.currency,
    items.amount_minor,
    of_transaction.total_minor,
    coalesce(
        transactions.event_id is null
        and transactions.transaction_kind in ('payout', 'payout_reversal', 'reserve_hold', 'reserve_release')
        and of_transaction.are_known
        and of_transaction.total_minor <= moved.amount_minor,
        false
    ) as is_counted
from {{ ref('stg_ledger__payout_items') }} as items
inner join {{ ref('stg_ledger__transactions') }} as transactions
    on items.transaction_id = transactions.transaction_id and items.report_day = transactions.report_day
{%- if sums_by_lookup() %}
    left join lateral (
        select
            sum(all_items.amount_minor) as total_minor,
            bool_and(events.event_id is not null) as are_known
        from {{ ref('stg_ledger__payout_items') }} as all_items
        left join {{ ref('stg_ticketing__events') }} as events on all_items.event_id = events.event_id
        where
            all_items.transaction_id = items.transaction_id
            and all_items.report_day = items.report_day
            and all_items.currency = items.currency
    ) as of_transaction on true
    left join lateral (
        select
            sum({{ moved_by_entry('entries', 'transactions') }}) as amount_minor
        from {{ ref('stg_ledger__entries') }} as entries
        inner join {{ ref('stg_ledger__accounts') }} as accounts on entries.account_id = accounts.account_id
        where
            entries.transaction_id = items.transaction_id
            and entries.report_day = items.report_day
            and entries.currency = items.currency
            and accounts.account_kind = 'organizer_payable'
            and entries.component = {{ moved_component('transactions.transaction_kind') }}
    ) as moved on true
{%- else %}
    left join ( -- noqa: ST05
        select
            all_items.transaction_id,
            all_items.report_day,
            all_items.currency,
            sum(all_items.amount_minor) as total_minor,
            bool_and(events.event_id is not null) as are_known
        from {{ ref('stg_ledger__payout_items') }} as all_items
        left join {{ ref('stg_ticketing__events') }} as events on all_items.event_id = events.event_id
        group by
            all_items.transaction_id,
            all_items.report_day,
            all_items.currency
    ) as of_transaction
        on
            items.transaction_id = of_transaction.transaction_id
            and items.report_day = of_transaction.report_day
            and items.currency = of_transaction.currency
    left join ( -- noqa: ST05
        select
            entries.transaction_id,
            entries.report_day,
            entries.currency,
            sum({{ moved_by_entry('entries', 'booked') }}) as amount_minor
        from {{ ref('stg_ledger__entries') }} as entries
        inner join {{ ref('stg_ledger__transactions') }} as booked
            on entries.transaction_id = booked.transaction_id
        inner join {{ ref('stg_ledger__accounts') }} as accounts on entries.account_id = accounts.account_id
        where
            accounts.account_kind = 'organizer_payable'
            and entries.component = {{ moved_component('booked.transaction_kind') }}
        group by
            entries.transaction_id,
            entries.report_day,
            entries.currency
    ) as moved
        on
            items.transaction_id = moved.transaction_id
            and items.report_day = moved.report_day
            and items.currency = moved.currency
{%- endif %}
