-- Grain: organization_id, event_id (null: no single event), date, currency: all rows of the two tables, and
-- of the ledger's gift cards and taxes. From booked to paid out, each figure from the one before it.
{%- set ledger_figures = [
    'gross_minor', 'refund_minor', 'chargeback_minor', 'chargeback_reversal_minor', 'net_revenue_minor',
    'gift_card_sold_minor', 'gift_card_returned_minor', 'receivable_change_minor',
    'collected_psp_minor', 'collected_bank_minor', 'collected_gift_card_minor', 'collected_minor',
    'repaid_psp_minor', 'repaid_bank_minor', 'repaid_gift_card_minor', 'repaid_minor',
    'organizer_share_minor', 'platform_fee_minor', 'processing_fee_minor', 'chargeback_fee_minor',
    'adjustment_minor', 'reserve_held_minor', 'reserve_released_minor', 'payout_minor',
    'payout_reversal_minor', 'payable_change_minor',
] %}
{%- set other_figures = ['booked_minor', 'charged_gift_card_minor', 'not_organizers_tax_minor'] %}
with
-- A row of one source has 0 in the figures of the others, so that a condition on a day or an organisation
-- applies to all of them.
sides as (
    select
        organization_id,
        event_id,
        date,
        currency,
        {% for figure in ledger_figures %}
            0 as {{ figure }},
        {% endfor %}
        net_gross_minor as booked_minor,
        0 as charged_gift_card_minor,
        0 as not_organizers_tax_minor
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
        0 as booked_minor,
        0 as charged_gift_card_minor,
        0 as not_organizers_tax_minor
    from {{ ref('int_ledger__revenue_with_organizer_share') }}
    union all
    select
        organization_id,
        event_id,
        report_day as date,
        currency,
        {% for figure in ledger_figures %}
            0 as {{ figure }},
        {% endfor %}
        0 as booked_minor,
        case
            when
                component = 'gift_card' and transaction_kind in ('sale', 'refund')
                then net_credit_minor
            else 0
        end
            as charged_gift_card_minor,
        case when component = 'tax' and account_kind <> 'organizer_payable' then net_credit_minor else 0 end
            as not_organizers_tax_minor
    from {{ ref('int_ledger__entries') }}
    where
        component in ('gift_card', 'tax')
        and transaction_kind in ('sale', 'refund', 'chargeback', 'chargeback_reversal')
        and report_day = transaction_report_day
),

figures as (
    select
        organization_id,
        event_id,
        date,
        {% for figure in ledger_figures + other_figures %}
            cast(sum({{ figure }}) as bigint) as {{ figure }},
        {% endfor %}
        currency
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
    {{ event_attributes('figures') }},
    figures.date,
    figures.currency,
    figures.booked_minor,
    figures.booked_minor - (figures.gross_minor - figures.refund_minor + figures.charged_gift_card_minor)
        as not_charged_minor,
    figures.gross_minor - figures.refund_minor + figures.charged_gift_card_minor as charged_minor,
    figures.charged_gift_card_minor,
    figures.gross_minor,
    figures.refund_minor,
    figures.chargeback_minor,
    figures.chargeback_reversal_minor,
    figures.net_revenue_minor,
    figures.gift_card_sold_minor,
    figures.gift_card_returned_minor,
    figures.receivable_change_minor,
    figures.net_revenue_minor + figures.gift_card_sold_minor - figures.gift_card_returned_minor
    - figures.receivable_change_minor - (figures.collected_minor - figures.repaid_minor) as residue_minor,
    figures.collected_psp_minor,
    figures.collected_bank_minor,
    figures.collected_gift_card_minor,
    figures.repaid_psp_minor,
    figures.repaid_bank_minor,
    figures.repaid_gift_card_minor,
    figures.collected_minor - figures.repaid_minor as net_collected_minor,
    figures.not_organizers_tax_minor,
    figures.net_revenue_minor - figures.organizer_share_minor - figures.not_organizers_tax_minor
        as not_organizers_other_minor,
    figures.organizer_share_minor,
    figures.platform_fee_minor,
    figures.processing_fee_minor,
    figures.chargeback_fee_minor,
    figures.adjustment_minor,
    figures.platform_fee_minor + figures.processing_fee_minor + figures.chargeback_fee_minor
    - figures.adjustment_minor as costs_minor,
    figures.reserve_held_minor,
    figures.reserve_released_minor,
    figures.payout_minor,
    figures.payout_reversal_minor,
    figures.payable_change_minor,
    figures.payout_minor - figures.payout_reversal_minor
    + figures.reserve_held_minor - figures.reserve_released_minor as paid_out_minor
from figures
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on figures.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        figures.event_id = events.event_id
        and {{ known_to('events', 'figures', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on figures.event_id = all_events.event_id
