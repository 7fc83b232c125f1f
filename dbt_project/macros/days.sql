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

{# True if the days to rebuild are few, about a month of them. Rows of earlier days that they count are
   then looked up by key, in PostgreSQL; another engine has no keys. #}
{% macro are_few_days() -%}
    {{ return(adapter.dispatch('are_few_days')()) }}
{%- endmacro %}

{% macro default__are_few_days() -%}
    {{ return(false) }}
{%- endmacro %}

{% macro postgres__are_few_days() -%}
    {%- set days = namespace(count=0) -%}
    {%- for range in var('days', []) -%}
        {%- set days.count = days.count + ordinal(range[1]) - ordinal(range[0]) -%}
    {%- endfor -%}
    {{ return(days.count <= 31) }}
{%- endmacro %}

{# A number of an ISO date, of which the difference is about that in days, never less. #}
{% macro ordinal(date) -%}
    {%- set text = date | string -%}
    {{ return(372 * (text[:4] | int) + 31 * (text[5:7] | int) + (text[8:10] | int)) }}
{%- endmacro %}

{# Ends a lateral query that is run once for each row. Without it PostgreSQL makes a join of the query,
   with a plan that can read all rows of the table. #}
{% macro looked_up() -%}
    offset 0 -- noqa: AM09
{%- endmacro %}

{# True if an instant can be on one of the days to rebuild, in whatever time zone and after whatever cutoff;
   written as ranges that an index can use. Which of them are on the days, `in_days` finds. #}
{% macro near_days(column) -%}
    {%- set ranges = var('days', []) -%}
    {%- if ranges -%}
    (
        {%- for range in ranges %}
        {{ 'or ' if not loop.first }}(
            {{ column }} >= {{ midnight_in_utc(range[0]) }} - interval '1 day'
            and {{ column }} < {{ midnight_in_utc(range[1]) }} + interval '2 days'
        )
        {%- endfor %}
    )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{# The first instant of a day in UTC. #}
{% macro midnight_in_utc(day) -%}
    {{ adapter.dispatch('midnight_in_utc')(day) }}
{%- endmacro %}

{% macro default__midnight_in_utc(day) -%}
    timestamp with time zone '{{ day }} 00:00Z'
{%- endmacro %}

{# The local time of an instant, without a zone. #}
{% macro local_time_of(instant, zone) -%}
    {{ adapter.dispatch('local_time_of')(instant, zone) }}
{%- endmacro %}

{% macro default__local_time_of(instant, zone) -%}
    {{ instant }} at time zone {{ zone }}
{%- endmacro %}

{% macro spark__midnight_in_utc(day) -%}
    timestamp '{{ day }} 00:00:00Z'
{%- endmacro %}

{# Local where the session is in UTC, which `building.engines.spark` sees to. #}
{% macro spark__local_time_of(instant, zone) -%}
    from_utc_timestamp({{ instant }}, {{ zone }})
{%- endmacro %}

{# The report day of an instant. #}
{% macro report_day(instant, zone, cutoff) -%}
    {{ adapter.dispatch('report_day')(instant, zone, cutoff) }}
{%- endmacro %}

{% macro default__report_day(instant, zone, cutoff) -%}
    cast(({{ local_time_of(instant, zone) }}) - {{ cutoff }} as date)
{%- endmacro %}

{# The files of landing have a time of day as microseconds, because not every engine has a type for it. #}
{% macro duckdb__report_day(instant, zone, cutoff) -%}
    cast(({{ local_time_of(instant, zone) }}) - to_microseconds({{ cutoff }}) as date)
{%- endmacro %}

{% macro spark__report_day(instant, zone, cutoff) -%}
    cast(timestamp_micros(unix_micros({{ local_time_of(instant, zone) }}) - {{ cutoff }}) as date)
{%- endmacro %}

{# The quarter of an hour in UTC of an instant, as its first instant. #}
{% macro quarter_hour(instant) -%}
    {{ adapter.dispatch('quarter_hour')(instant) }}
{%- endmacro %}

{% macro default__quarter_hour(instant) -%}
    date_bin(interval '15 minutes', {{ instant }}, timestamp with time zone '2000-01-01 00:00Z')
{%- endmacro %}

{% macro duckdb__quarter_hour(instant) -%}
    time_bucket(interval '15 minutes', {{ instant }}, timestamp with time zone '2000-01-01 00:00Z')
{%- endmacro %}

{% macro spark__quarter_hour(instant) -%}
    timestamp_seconds(unix_seconds({{ instant }}) - pmod(unix_seconds({{ instant }}), 900))
{%- endmacro %}

{# Runs before the days of a report table are computed, in the transaction that replaces them. It locks
   each day, so that two builds of a day run one after the other, and removes it from the queue. A row
   that lands later queues its day again. Many days lock the whole table, because locks are limited. #}
{% macro claim_days(report_table) -%}
    {%- if execute and var('days', []) -%}
    {{ lock_days(report_table) }}
    {{ take_days_off_the_queue(report_table) }}
    {%- endif -%}
{%- endmacro %}

{% macro lock_days(report_table) -%}
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
{%- endmacro %}

{% macro take_days_off_the_queue(report_table) -%}
    delete from landing.touched_days
    where report_table = '{{ report_table }}' and {{ in_days('report_day') }};
    {#- The former seal does not apply to the new rows. Rows are locked in one order. #}
    delete from reporting.sealed_days
    where date in (
        select date from reporting.sealed_days where {{ in_days('date') }} order by date for update
    );
    {#- Reports that were read from the former rows are not current any more. #}
    insert into reporting.day_changes (date, subject, change_count)
    select report_day, '{{ report_table }}', 1 from ({{ listed_days() }}) as built_days order by report_day
    on conflict (date, subject) do update set change_count = day_changes.change_count + 1;
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
    {{ replace_days(model, arguments["target_relation"], arguments["temp_relation"], columns) }}
{%- endmacro %}

{# Replaces the days of a report table (`node`: its model) by the rows of another relation. #}
{% macro replace_days(node, report_table, rows, columns) -%}
    delete from {{ report_table }} where {{ in_days('date') }};
    {{ record_left_out_rows(node.name, rows) }}
    insert into {{ report_table }} ({{ columns }})
    select {{ columns }} from {{ rows }} where {{ fits(node.name) }};
    {{ renew_running_balances(report_table, node) }}
{%- endmacro %}
