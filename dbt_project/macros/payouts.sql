{# The amount that an entry on organizer_payable moves for the payout items of its transaction, in minor
   units: out of the account by a payout or a reserve hold, back into it by the others. #}
{% macro moved_by_entry(entries, transactions) -%}
    case
        when {{ transactions }}.transaction_kind in ('payout', 'reserve_hold')
            then {{ entries }}.debit_minor - {{ entries }}.credit_minor
        else {{ entries }}.credit_minor - {{ entries }}.debit_minor
    end
{%- endmacro %}

{# The component of the entries that payout items divide among events, by the kind of their transaction. #}
{% macro moved_component(kind) -%}
    case when {{ kind }} in ('payout', 'payout_reversal') then 'payout' else 'reserve' end
{%- endmacro %}
