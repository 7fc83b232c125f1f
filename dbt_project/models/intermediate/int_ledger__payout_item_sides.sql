-- Grain: two rows per counted payout item, because an item moves its amount on organizer_payable from the
-- row of no single event, where it is negative, to the row of its event. Minor units.
with sides as (
    select
        *, -- noqa: AM04, all columns of the items
        event_id as side_event_id,
        amount_minor as moved_minor
    from {{ ref('int_ledger__payout_items') }}
    where is_counted
    union all
    select
        *,
        cast(null as {{ id_type() }}) as side_event_id,
        -amount_minor as moved_minor
    from {{ ref('int_ledger__payout_items') }}
    where is_counted
)

select
    payout_item_id,
    transaction_id,
    report_day,
    transaction_report_day,
    organization_id,
    side_event_id as event_id,
    order_id,
    transaction_kind,
    effective_at,
    recorded_at,
    currency,
    {{ moved_component('transaction_kind') }} as component,
    case when transaction_kind in ('payout', 'reserve_hold') then moved_minor else 0 end as moved_debit_minor,
    case when transaction_kind in ('payout_reversal', 'reserve_release') then moved_minor else 0 end
        as moved_credit_minor,
    case when transaction_kind in ('payout', 'reserve_hold') then -moved_minor else moved_minor end
        as payable_change_minor,
    case when transaction_kind = 'payout' then moved_minor else 0 end as payout_minor,
    case when transaction_kind = 'payout_reversal' then moved_minor else 0 end as payout_reversal_minor,
    case when transaction_kind = 'reserve_hold' then moved_minor else 0 end as reserve_held_minor,
    case when transaction_kind = 'reserve_release' then moved_minor else 0 end as reserve_released_minor
from sides
