-- Grain: one row per transaction that pays out or holds back, event (null: the part that names no event) and
-- currency. The parts of a transaction are its items, and what they leave.
{%- set paid_out = 'payout_minor - payout_reversal_minor + reserve_held_minor - reserve_released_minor' %}
with parts as (
    select
        organization_id,
        event_id,
        report_day as date,
        currency,
        transaction_id,
        transaction_kind,
        effective_at,
        cast(sum(payout_minor) as bigint) as payout_minor,
        cast(sum(payout_reversal_minor) as bigint) as payout_reversal_minor,
        cast(sum(reserve_held_minor) as bigint) as reserve_held_minor,
        cast(sum(reserve_released_minor) as bigint) as reserve_released_minor
    from {{ ref('int_ledger__revenue_figures') }}
    where
        transaction_kind in ('payout', 'payout_reversal', 'reserve_hold', 'reserve_release')
        and report_day = transaction_report_day
    group by
        organization_id,
        event_id,
        report_day,
        currency,
        transaction_id,
        transaction_kind,
        effective_at
),

-- The window is within an organisation and a day, so that a condition on these is applied before it.
amounts as (
    select
        *, -- noqa: AM04, all columns of the parts
        {{ paid_out }} as paid_out_minor,
        sum({{ paid_out }}) over (
            partition by organization_id, date, transaction_id, currency
        ) as transaction_paid_out_minor
    from parts
)

select
    parts.organization_id,
    organizations.organization_name,
    parts.event_id,
    {{ event_name('parts') }} as event_name,
    {{ event_attributes('parts') }},
    parts.date,
    parts.currency,
    parts.transaction_id,
    parts.transaction_kind,
    case parts.transaction_kind
        when 'payout' then 'Payout'
        when 'payout_reversal' then 'Payout that came back'
        when 'reserve_hold' then 'Held back in reserve'
        else 'Released from reserve'
    end as transaction_name,
    transactions.reference,
    parts.effective_at,
    parts.payout_minor,
    parts.payout_reversal_minor,
    parts.reserve_held_minor,
    parts.reserve_released_minor,
    parts.paid_out_minor,
    cast(parts.transaction_paid_out_minor as bigint) as transaction_paid_out_minor
from amounts as parts
inner join {{ ref('stg_ledger__transactions') }} as transactions
    on parts.transaction_id = transactions.transaction_id and parts.date = transactions.report_day
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on parts.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        parts.event_id = events.event_id
        and {{ known_to('events', 'parts', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on parts.event_id = all_events.event_id
where
    parts.payout_minor <> 0
    or parts.payout_reversal_minor <> 0
    or parts.reserve_held_minor <> 0
    or parts.reserve_released_minor <> 0
