{# The YAML entry of a report table. dbt can read it while it runs, not while it parses. #}

{# The columns of a report table, by name, in the order of the YAML. #}
{% macro described_columns(report_table) -%}
    {%- set model = graph.nodes['model.' ~ project_name ~ '.' ~ report_table] if execute else {} -%}
    {{ return(model.columns if model else {}) }}
{%- endmacro %}

{# The names of the columns of some kinds, in the order of the YAML. #}
{% macro column_names(report_table, kinds) -%}
    {%- set names = [] -%}
    {%- for column in described_columns(report_table).values() if column.config.meta.kind in kinds -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# The names of the columns that are never null. #}
{% macro not_null_columns(report_table) -%}
    {%- set names = [] -%}
    {%- for column in described_columns(report_table).values() -%}
        {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- do names.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# The figures of a report table except those in `but`, as columns of the relation with this alias. #}
{% macro figures_of(report_table, alias, but=[]) -%}
    {%- for name in column_names(report_table, ['measure', 'balance', 'ratio']) | reject('in', but) %}
    {{ alias }}.{{ name }}{{ ',' if not loop.last }}
    {%- else %}
    null as figures_are_known_when_dbt_runs
    {%- endfor -%}
{%- endmacro %}

{# The sums of the measures of a report table except those in `but`, over the rows with this alias. #}
{% macro sums_of(report_table, alias, but=[]) -%}
    {%- for name in column_names(report_table, ['measure']) | reject('in', but) %}
    {{ whole(sum_of(alias ~ '.' ~ name)) }} as {{ name }}{{ ',' if not loop.last }}
    {%- else %}
    null as figures_are_known_when_dbt_runs
    {%- endfor -%}
{%- endmacro %}

{# Columns of the relation with this alias. #}
{% macro columns_from(alias, names) -%}
    {%- for name in names %}
        {{ alias }}.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
