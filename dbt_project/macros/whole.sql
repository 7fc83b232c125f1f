{# The sum of whole numbers of 64 bits, which may leave 64 bits. #}
{% macro sum_of(number) -%}
    {{ adapter.dispatch('sum_of')(number) }}
{%- endmacro %}

{% macro default__sum_of(number) -%}
    sum({{ number }})
{%- endmacro %}

{# Spark sums in the type of the numbers, and fails if the sum leaves it. #}
{% macro spark__sum_of(number) -%}
    sum(cast({{ number }} as decimal(20, 0)))
{%- endmacro %}

{# A sum as a whole number of 64 bits; null if it does not fit. PostgreSQL sums as numeric, which holds
   everything. `replace_days` leaves out the rows with such a null, and records them: a sum that is too
   large is a finding of its own row, and the rows of all others are built (docs/adr/0034). #}
{% macro whole(sum) -%}
    cast(case when abs({{ sum }}) <= 9223372036854775807 then {{ sum }} end as bigint)
{%- endmacro %}

{# The columns of a report table that a row cannot do without: whole numbers that are never null. #}
{% macro required_figures(report_table) -%}
    {%- set names = [] -%}
    {%- set not_null = not_null_columns(report_table) -%}
    {%- for column in described_columns(report_table).values() -%}
        {%- if column.data_type == 'bigint' and column.name in not_null -%}
            {%- do names.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# Replaces the rows of the days that a report table leaves out, each with the columns that do not fit. #}
{% macro record_left_out_rows(report_table, rows) -%}
    {%- set figures = required_figures(report_table) -%}
    {%- set has_currency = 'currency' in described_columns(report_table) -%}
    delete from reporting.left_out_rows
    where report_table = '{{ report_table }}' and {{ in_days('date') }};
    insert into reporting.left_out_rows
        (report_table, date, organization_id, event_id, currency, column_names)
    select
        '{{ report_table }}',
        date,
        organization_id,
        event_id,
        {{ 'currency' if has_currency else 'null' }},
        array_remove(array[
            {%- for name in figures %}
            case when {{ name }} is null then '{{ name }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ], null)
    from {{ rows }}
    where not ({{ fits(report_table) }});
{%- endmacro %}

{# True if a row has all of its figures. #}
{% macro fits(report_table) -%}
    num_nulls({{ required_figures(report_table) | join(', ') }}) = 0
{%- endmacro %}
