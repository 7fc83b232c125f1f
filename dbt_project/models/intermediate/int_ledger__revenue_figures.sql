-- Grain: one row per ledger entry, and two rows per counted payout item (`entry_id` is null): what each
-- adds to every figure of revenue, in minor units. Items add to five figures, and to no control figure.
{%- set measures = column_names('report_revenue_daily', ['measure']) %}
{%- set figures = measures | reject('equalto', 'transaction_count') | list %}
{%- set of_items = [
    'payout_minor', 'payout_reversal_minor', 'reserve_held_minor', 'reserve_released_minor',
    'payable_change_minor',
] %}
select
    entry_id,
    cast(null as {{ id_type() }}) as payout_item_id,
    transaction_id,
    report_day,
    transaction_report_day,
    organization_id,
    event_id,
    order_id,
    transaction_kind,
    account_kind,
    component,
    direction,
    effective_at,
    recorded_at,
    currency,
    net_credit_minor,
    is_classified
{%- for name in figures %},
    {{ name }}
    {%- endfor %}
from {{ ref('int_ledger__entry_figures') }}
union all
select
    cast(null as {{ id_type() }}) as entry_id,
    payout_item_id,
    transaction_id,
    report_day,
    transaction_report_day,
    organization_id,
    event_id,
    order_id,
    transaction_kind,
    'organizer_payable' as account_kind,
    component,
    case when payable_change_minor < 0 then 'debit' else 'credit' end as direction,
    effective_at,
    recorded_at,
    currency,
    payable_change_minor as net_credit_minor,
    true as is_classified
{%- for name in figures %},
    {{ name if name in of_items else 'cast(0 as bigint) as ' ~ name }}
    {%- endfor %}
from {{ ref('int_ledger__payout_item_sides') }}
