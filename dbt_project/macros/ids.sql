{# The type of an id: a UUID. Other engines have it as text, because not every one has a type for it; as
   text, ids have the same order. #}
{% macro id_type() -%}
    {{ adapter.dispatch('id_type')() }}
{%- endmacro %}

{% macro postgres__id_type() -%}
    uuid
{%- endmacro %}

{% macro default__id_type() -%}
    {{ dbt.type_string() }}
{%- endmacro %}
