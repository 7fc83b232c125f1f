{# The money of ledger entries that more than one report shows, each defined once. The entries are
   those of `int_ledger__entries_by_transaction`, under the given alias. #}

{% macro gross_minor(entries) -%}
    {{ sum_where(entries ~ '.net_credit_minor', entries ~ ".transaction_kind = 'sale' and " ~ entries ~ '.is_buyer_component') }}
{%- endmacro %}

{% macro refund_minor(entries) -%}
    {{ sum_where('-' ~ entries ~ '.net_credit_minor', entries ~ ".transaction_kind = 'refund' and " ~ entries ~ '.is_buyer_component') }}
{%- endmacro %}

{% macro chargeback_minor(entries) -%}
    {{ sum_where('-' ~ entries ~ '.net_credit_minor', entries ~ ".transaction_kind = 'chargeback' and " ~ entries ~ '.is_buyer_component') }}
{%- endmacro %}

{% macro chargeback_reversal_minor(entries) -%}
    {{ sum_where(entries ~ '.net_credit_minor', entries ~ ".transaction_kind = 'chargeback_reversal' and " ~ entries ~ '.is_buyer_component') }}
{%- endmacro %}

{# Credits of a component in transactions of one kind. #}
{% macro component_credits(entries, component, kind) -%}
    {{ sum_where(entries ~ '.net_credit_minor', entries ~ ".transaction_kind = '" ~ kind ~ "' and " ~ entries ~ ".component = '" ~ component ~ "'") }}
{%- endmacro %}

{# Debits of some components in refunds. #}
{% macro refund_debits(entries, components) -%}
    {{ sum_where('-' ~ entries ~ '.net_credit_minor', entries ~ ".transaction_kind = 'refund' and " ~ entries ~ ".component in ('" ~ (components | join("', '")) ~ "')") }}
{%- endmacro %}

{# Debits of a component on organizer_payable, in any kind of transaction. #}
{% macro payable_debits(entries, component) -%}
    {{ sum_where('-' ~ entries ~ '.net_credit_minor', entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component ~ "'") }}
{%- endmacro %}

{# Credits of a component on organizer_payable in one kind of transaction; `sign` '-' for debits. #}
{% macro payable_movement(entries, component, kind, sign='') -%}
    {{ sum_where(sign ~ entries ~ '.net_credit_minor', entries ~ ".account_kind = 'organizer_payable' and " ~ entries ~ ".component = '" ~ component ~ "' and " ~ entries ~ ".transaction_kind = '" ~ kind ~ "'") }}
{%- endmacro %}

{# Credits less debits on an account, over all entries; `sign` '-' for the reverse. #}
{% macro account_change(entries, account, sign='') -%}
    {{ sum_where(sign ~ entries ~ '.net_credit_minor', entries ~ ".account_kind = '" ~ account ~ "'") }}
{%- endmacro %}
