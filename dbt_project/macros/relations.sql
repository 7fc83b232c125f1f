{# Lists the report tables before the models run, in the thread that starts them. A build skips dbt's own
   listing. Two models that list at the same time would each see a part of the tables, and one would try to
   create a table that exists. #}
{% macro list_report_tables() -%}
    {%- if execute and flags.WHICH in ('run', 'build') and target.type == 'postgres' -%}
        {%- do adapter.get_relation(target.database, 'reporting', 'report_sales_daily') -%}
    {%- endif -%}
{%- endmacro %}
