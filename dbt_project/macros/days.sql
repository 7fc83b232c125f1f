{# True if a date is one of the days to rebuild; written as ranges that indexes and partitions can use. #}
{% macro in_days(column) -%}
    {%- set ranges = var('days', []) -%}
    {%- if ranges -%}
    (
        {%- for range in ranges %}
        {{ 'or ' if not loop.first }}({{ column }} >= date '{{ range[0] }}' and {{ column }} < date '{{ range[1] }}')
        {%- endfor %}
    )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{# True if a date is before the end of the days to rebuild, as figures "to date" need it. #}
{% macro up_to_days(column) -%}
    {%- set ranges = var('days', []) -%}
    {%- if ranges -%}
    {{ column }} < date '{{ (ranges | last)[1] }}'
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{# True if an instant can be on one of the days to rebuild, in whatever time zone and after whatever cutoff;
   written as ranges that an index can use. Which of them are on the days, `in_days` finds. #}
{% macro near_days(column) -%}
    {%- set ranges = var('days', []) -%}
    {%- if ranges -%}
    (
        {%- for range in ranges %}
        {{ 'or ' if not loop.first }}(
            {{ column }} >= timestamp with time zone '{{ range[0] }} 00:00Z' - interval '1 day'
            and {{ column }} < timestamp with time zone '{{ range[1] }} 00:00Z' + interval '2 days'
        )
        {%- endfor %}
    )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{# The report day of an instant. #}
{% macro report_day(instant, zone, cutoff) -%}
    cast(({{ instant }} at time zone {{ zone }}) - {{ cutoff }} as date)
{%- endmacro %}

{# Runs before the days of a report table are computed, in the transaction that replaces them. It locks
   each day, so that two builds of a day run one after the other, and removes it from the queue. A row
   that lands later queues its day again. Many days lock the whole table, because locks are limited. #}
{% macro claim_days(report_table) -%}
    {%- if execute and var('days', []) -%}
    {%- set many_days = 400 -%}
    select
        case
            when count(*) > {{ many_days }}
                then pg_advisory_xact_lock(hashtext('{{ report_table }}'))
            else pg_advisory_xact_lock_shared(hashtext('{{ report_table }}'))
        end
    from ({{ listed_days() }}) as days_to_lock;
    select pg_advisory_xact_lock(hashtext('{{ report_table }}'), report_day - date '2000-01-01')
    from ({{ listed_days() }} order by report_day) as days_to_lock
    where (select count(*) from ({{ listed_days() }}) as all_days) <= {{ many_days }};
    delete from landing.touched_days
    where report_table = '{{ report_table }}' and {{ in_days('report_day') }};
    {#- The former seal does not apply to the new rows. Rows are locked in one order. #}
    delete from reporting.sealed_days
    where date in (
        select date from reporting.sealed_days where {{ in_days('date') }} order by date for update
    );
    {%- endif -%}
{%- endmacro %}

{% macro listed_days() -%}
    {%- for range in var('days', []) %}
    {{ 'union' if not loop.first }}
    select cast(day as date) as report_day
    from generate_series(date '{{ range[0] }}', date '{{ range[1] }}' - 1, interval '1 day') as day
    {%- endfor %}
{%- endmacro %}

{# The incremental strategy of the report tables: delete the days, then insert their current rows. A day
   that has no rows any more becomes empty; dbt's own strategies would keep its former rows. #}
{% macro get_incremental_replace_days_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments["dest_columns"] | map(attribute="name")) -%}
    delete from {{ arguments["target_relation"] }} where {{ in_days('date') }};
    {{ record_left_out_rows(model.name, arguments["temp_relation"]) }}
    insert into {{ arguments["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arguments["temp_relation"] }} where {{ fits(model.name) }};
    {{ renew_running_balances(arguments["target_relation"], model) }}
{%- endmacro %}
