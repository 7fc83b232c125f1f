{# Who reads what: docs/adr/0056. #}

{# A report table and its balances show each organisation its own rows. Within a block of PL/pgSQL. #}
{% macro keep_rows_apart(target, node) -%}
    perform reporting.protect_rows('{{ target }}', 'organization_id = {tenant}');
    {%- if running_sums_of(node) %}
    perform reporting.protect_rows('{{ balances_of(node.name) }}', 'organization_id = {tenant}');
    {%- endif -%}
{%- endmacro %}

{# A view reads with the rights of its reader, so that it shows no more rows than its tables. #}
{% macro postgres__create_view_as(relation, sql) -%}
    create view {{ relation }} with (security_invoker = true) as (
        {{ sql }}
    );
    grant select on {{ relation }} to reporting_reader;
{%- endmacro %}
