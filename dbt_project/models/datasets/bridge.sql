-- Grain: organization_id, event_id (null: no single event), date, currency: all rows of the two tables.
-- From booked to paid out: each figure is the figure before it, its movements, and the residue.
{%- set ledger_figures = [
    'gross_minor', 'refund_minor', 'chargeback_minor', 'chargeback_reversal_minor', 'net_revenue_minor',
    'receivable_change_minor', 'collected_minor', 'repaid_minor', 'organizer_share_minor',
    'platform_fee_minor', 'processing_fee_minor', 'chargeback_fee_minor', 'adjustment_minor',
    'reserve_held_minor', 'reserve_released_minor', 'payable_change_minor', 'payout_minor',
    'payout_reversal_minor',
] %}
with
-- A row of one table has 0 in the figures of the other, so that a condition on a day or an organisation
-- applies to both tables.
sides as (
    select
        organization_id,
        event_id,
        date,
        currency,
        {% for figure in ledger_figures %}
            0 as {{ figure }},
        {% endfor %}
        net_gross_minor as booked_minor
    from {{ ref('report_sales_daily') }}
    union all
    select
        organization_id,
        event_id,
        date,
        currency,
        {% for figure in ledger_figures %}
            {{ figure }},
        {% endfor %}
        0 as booked_minor
    from {{ ref('int_ledger__revenue_with_organizer_share') }}
),

figures as (
    select
        organization_id,
        event_id,
        date,
        currency,
        {% for figure in ledger_figures %}
            cast(sum({{ figure }}) as bigint) as {{ figure }},
        {% endfor %}
        cast(sum(booked_minor) as bigint) as booked_minor
    from sides
    group by
        organization_id,
        event_id,
        date,
        currency
)

select
    figures.organization_id,
    organizations.organization_name,
    figures.event_id,
    {{ event_name('figures') }} as event_name,
    {{ event_attributes() }},
    figures.date,
    figures.currency,
    figures.booked_minor,
    figures.booked_minor - (figures.gross_minor - figures.refund_minor) as charge_residue_minor,
    figures.gross_minor - figures.refund_minor as charged_minor,
    figures.chargeback_minor,
    figures.chargeback_reversal_minor,
    figures.net_revenue_minor,
    figures.receivable_change_minor,
    figures.net_revenue_minor - figures.receivable_change_minor
    - (figures.collected_minor - figures.repaid_minor) as collection_residue_minor,
    figures.collected_minor,
    figures.repaid_minor,
    figures.collected_minor - figures.repaid_minor as net_collected_minor,
    figures.collected_minor - figures.repaid_minor + figures.receivable_change_minor
    - figures.organizer_share_minor as share_residue_minor,
    figures.organizer_share_minor,
    figures.platform_fee_minor,
    figures.processing_fee_minor,
    figures.chargeback_fee_minor,
    figures.adjustment_minor,
    figures.reserve_held_minor,
    figures.reserve_released_minor,
    figures.payable_change_minor + figures.payout_minor - figures.payout_reversal_minor as earned_minor,
    figures.payable_change_minor,
    figures.payout_minor,
    figures.payout_reversal_minor,
    figures.payout_minor - figures.payout_reversal_minor as net_payout_minor
from figures
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on figures.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on figures.event_id = events.event_id
