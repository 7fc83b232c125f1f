{# The money of ledger entries that the reports show, each defined once. `entries` is the alias of
   `int_ledger__entries_by_transaction`; a sum is of credits less debits, `sign` '-' gives the reverse. #}

{% macro buyer_credits(entries, kind, sign='') -%}
    {{ sum_where(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = '" ~ kind ~ "' and " ~ entries ~ '.is_buyer_component'
    ) }}
{%- endmacro %}

{% macro gross_minor(entries) -%}
    {{ buyer_credits(entries, 'sale') }}
{%- endmacro %}

{% macro refund_minor(entries) -%}
    {{ buyer_credits(entries, 'refund', '-') }}
{%- endmacro %}

{% macro chargeback_minor(entries) -%}
    {{ buyer_credits(entries, 'chargeback', '-') }}
{%- endmacro %}

{% macro chargeback_reversal_minor(entries) -%}
    {{ buyer_credits(entries, 'chargeback_reversal') }}
{%- endmacro %}

{# Credits of a component in sales. #}
{% macro sale_credits(entries, component) -%}
    {{ sum_where(
        entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = 'sale' and " ~ entries ~ ".component = '" ~ component ~ "'"
    ) }}
{%- endmacro %}

{# Debits of some components in refunds. #}
{% macro refund_debits(entries, components) -%}
    {{ sum_where(
        '-' ~ entries ~ '.net_credit_minor',
        entries ~ ".transaction_kind = 'refund' and "
        ~ entries ~ ".component in ('" ~ (components | join("', '")) ~ "')"
    ) }}
{%- endmacro %}

{# Debits of a component on organizer_payable, in any kind of transaction. #}
{% macro payable_debits(entries, component) -%}
    {{ sum_where(
        '-' ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component ~ "'"
    ) }}
{%- endmacro %}

{# Credits of a component on organizer_payable in one kind of transaction. #}
{% macro payable_movement(entries, component, kind, sign='') -%}
    {{ sum_where(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component
        ~ "' and " ~ entries ~ ".transaction_kind = '" ~ kind ~ "'"
    ) }}
{%- endmacro %}

{# All entries on an account, of any component, in some kinds of transactions or in all. #}
{% macro account_change(entries, account, sign='', kinds=[]) -%}
    {{ sum_where(
        sign ~ entries ~ '.net_credit_minor',
        entries ~ ".account_kind = '" ~ account ~ "'" ~ (
            (' and ' ~ entries ~ ".transaction_kind in ('" ~ (kinds | join("', '")) ~ "')") if kinds else ''
        )
    ) }}
{%- endmacro %}
