{# The money of ledger entries that the reports show, each defined once. `entries` is the alias of
   `int_ledger__entries_by_transaction`; a sum is of credits less debits, `sign` '-' gives the reverse.
   `figure` is `sum_where`, or `value_where` for what one entry adds to the sum. #}

{% macro buyer_credits(entries, kind, sign='', figure=sum_where) -%}
    {{ figure(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = '" ~ kind ~ "' and " ~ entries ~ '.is_buyer_component'
    ) }}
{%- endmacro %}

{% macro gross_minor(entries, figure=sum_where) -%}
    {{ buyer_credits(entries, 'sale', '', figure) }}
{%- endmacro %}

{% macro refund_minor(entries, figure=sum_where) -%}
    {{ buyer_credits(entries, 'refund', '-', figure) }}
{%- endmacro %}

{% macro chargeback_minor(entries, figure=sum_where) -%}
    {{ buyer_credits(entries, 'chargeback', '-', figure) }}
{%- endmacro %}

{% macro chargeback_reversal_minor(entries, figure=sum_where) -%}
    {{ buyer_credits(entries, 'chargeback_reversal', '', figure) }}
{%- endmacro %}

{% macro net_revenue_minor(entries, figure=sum_where) -%}
    {{ gross_minor(entries, figure) }}
    - {{ refund_minor(entries, figure) }}
    - {{ chargeback_minor(entries, figure) }}
    + {{ chargeback_reversal_minor(entries, figure) }}
{%- endmacro %}

{# Credits of a component in sales. #}
{% macro sale_credits(entries, component, figure=sum_where) -%}
    {{ figure(
        entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = 'sale' and " ~ entries ~ ".component = '" ~ component ~ "'"
    ) }}
{%- endmacro %}

{# Debits of some components in refunds. #}
{% macro refund_debits(entries, components, figure=sum_where) -%}
    {{ figure(
        '-' ~ entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = 'refund' and "
        ~ entries ~ ".component in ('" ~ (components | join("', '")) ~ "')"
    ) }}
{%- endmacro %}

{# Debits of a component on organizer_payable, in any kind of transaction. #}
{% macro payable_debits(entries, component, figure=sum_where) -%}
    {{ figure(
        '-' ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component ~ "'"
    ) }}
{%- endmacro %}

{# Credits of a component on organizer_payable in one kind of transaction. #}
{% macro payable_movement(entries, component, kind, sign='', figure=sum_where) -%}
    {{ figure(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component
        ~ "' and " ~ entries ~ ".transaction_kind = '" ~ kind ~ "'"
    ) }}
{%- endmacro %}

{# All entries on an account, of any component, in some kinds of transactions or in all. #}
{% macro account_change(entries, account, sign='', kinds=[], figure=sum_where) -%}
    {{ figure(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = '" ~ account ~ "'" ~ (
            (' and ' ~ entries ~ ".transaction_kind in ('" ~ (kinds | join("', '")) ~ "')") if kinds else ''
        )
    ) }}
{%- endmacro %}

{# Every figure of `report_revenue_daily`, the control figures apart. #}
{% macro revenue_figures(entries, figure=sum_where) -%}
    {{ sale_credits(entries, 'face_value', figure=figure) }} as face_value_minor,
    {{ sale_credits(entries, 'addon', figure=figure) }} as addon_minor,
    {{ sale_credits(entries, 'donation', figure=figure) }} as donation_minor,
    {{ sale_credits(entries, 'service_fee', figure=figure) }} as service_fee_minor,
    {{ sale_credits(entries, 'facility_fee', figure=figure) }} as facility_fee_minor,
    {{ sale_credits(entries, 'shipping_fee', figure=figure) }} as shipping_fee_minor,
    {{ sale_credits(entries, 'cancellation_fee', figure=figure) }} as cancellation_fee_minor,
    {{ sale_credits(entries, 'tax', figure=figure) }} as tax_minor,
    {{ gross_minor(entries, figure) }} as gross_minor,
    {{ refund_debits(entries, ['face_value'], figure=figure) }} as refund_face_value_minor,
    {{ refund_debits(entries, ['addon', 'donation'], figure=figure) }} as refund_addon_minor,
    {{ refund_debits(entries, ['service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee'], figure=figure) }}
        as refund_fee_minor,
    {{ refund_debits(entries, ['tax'], figure=figure) }} as refund_tax_minor,
    {{ refund_minor(entries, figure) }} as refund_minor,
    {{ chargeback_minor(entries, figure) }} as chargeback_minor,
    {{ chargeback_reversal_minor(entries, figure) }} as chargeback_reversal_minor,
    {{ net_revenue_minor(entries, figure) }} as net_revenue_minor,
    {{ payable_debits(entries, 'platform_fee', figure=figure) }} as platform_fee_minor,
    {{ payable_debits(entries, 'processing_fee', figure=figure) }} as processing_fee_minor,
    {{ payable_debits(entries, 'chargeback_fee', figure=figure) }} as chargeback_fee_minor,
    -{{ payable_debits(entries, 'adjustment', figure=figure) }} as adjustment_minor,
    {{ payable_movement(entries, 'reserve', 'reserve_hold', '-', figure=figure) }} as reserve_held_minor,
    {{ payable_movement(entries, 'reserve', 'reserve_release', figure=figure) }} as reserve_released_minor,
    {{ payable_movement(entries, 'payout', 'payout', '-', figure=figure) }} as payout_minor,
    {{ payable_movement(entries, 'payout', 'payout_reversal', figure=figure) }} as payout_reversal_minor,
    {{ account_change(entries, 'organizer_payable', figure=figure) }} as payable_change_minor,
    {{ account_change(entries, 'buyer_receivable', '-', figure=figure) }} as receivable_change_minor,
    {{ account_change(entries, 'psp_clearing', '-', ['sale', 'payment', 'chargeback_reversal'], figure) }}
        as collected_minor,
    {{ account_change(entries, 'psp_clearing', '', ['refund', 'repayment', 'chargeback'], figure) }}
        as repaid_minor
{%- endmacro %}

{# Of a row of `report_revenue_daily`: what moved on organizer_payable by none of the movements that
   have a column, which is the organiser's share of what buyers are charged and given back. #}
{% macro organizer_share_minor() -%}
    payable_change_minor
    + platform_fee_minor + processing_fee_minor + chargeback_fee_minor
    - adjustment_minor
    + reserve_held_minor - reserve_released_minor
    + payout_minor - payout_reversal_minor
{%- endmacro %}
