{# Another engine than PostgreSQL computes the rows of the report tables from files, and the warehouse takes
   them over. `building.engines` runs these macros in this order (docs/adr/0051). A row of the engine has a
   UUID as text, and an instant in UTC. #}

{# On the engine, before the models: makes the tables of landing from their files. #}
{% macro open_landing() -%}
    {%- if execute and target.type != 'postgres' -%}
        {%- set schema = var('landing_schema') -%}
        {%- set source = graph.sources.values() | first -%}
        {%- do adapter.create_schema(api.Relation.create(database=source.database, schema=schema)) -%}
        {%- for table, files in var('landing_files', {}).items() -%}
            {%- do run_query(adapter.dispatch('open_files')(schema ~ '.' ~ table, files)) -%}
        {%- endfor -%}
        {%- do require_equal_zones(schema) -%}
    {%- endif -%}
{%- endmacro %}

{# Another version of the time zone database would date rows to other days. #}
{% macro require_equal_zones(landing) -%}
    {%- set query -%}
        select zone, min(instant) as instant
        from {{ landing }}.zone_samples
        where {{ local_time_of('instant', 'zone') }} <> local_time
        group by zone
        order by zone
    {%- endset -%}
    {%- for zone, instant in run_query(query).rows -%}
        {{ exceptions.raise_compiler_error(
            'the engine has other rules for the time zone ' ~ zone ~ ' than the warehouse, from ' ~ instant
            ~ ': bring both to one version of the time zone database'
        ) }}
    {%- endfor -%}
{%- endmacro %}

{% macro default__open_files(relation, files) -%}
    {{ exceptions.raise_compiler_error(target.type ~ ' reads no files of landing: macros/engines.sql') }}
{%- endmacro %}

{% macro duckdb__open_files(relation, files) -%}
    create view {{ relation }} as
    select * from read_parquet(['{{ files | map('replace', "'", "''") | join("', '") }}'])
{%- endmacro %}

{# The files of a table are alone in their folder. #}
{% macro spark__open_files(relation, files) -%}
    create table {{ relation }} using parquet location '{{ in_spark(files[0].rpartition('/')[0]) }}'
{%- endmacro %}

{# On the engine, after each model: computes its rows into a file of the folder `rows_folder`. #}
{% macro hand_over(report_table) -%}
    {%- if execute -%}
    {{ adapter.dispatch('hand_over')(this, var('rows_folder') ~ '/' ~ report_table) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__hand_over(rows, place) -%}
    {{ exceptions.raise_compiler_error(target.type ~ ' hands no rows over: macros/engines.sql') }}
{%- endmacro %}

{% macro duckdb__hand_over(rows, place) -%}
    copy (select * from {{ rows }}) to '{{ place | replace("'", "''") }}.parquet' (format parquet)
{%- endmacro %}

{% macro spark__hand_over(rows, place) -%}
    insert overwrite directory '{{ in_spark(place) }}.parquet' using parquet
    select * from {{ rows }}
{%- endmacro %}

{# A path of this machine, or of a folder that all machines share, in a literal of Spark. #}
{% macro in_spark(path) -%}
    file://{{ path | replace("'", "\\'") }}
{%- endmacro %}

{# In the warehouse, before the engine reads landing: locks the days of all tables, then removes them from
   the queue. A build of PostgreSQL locks one table at a time, so no two builds wait for each other. #}
{% macro claim_days_of_tables(report_tables) -%}
    {%- for report_table in report_tables -%}
    {{ lock_days(report_table) }}
    {% endfor -%}
    {%- for report_table in report_tables -%}
    {{ take_days_off_the_queue(report_table) }}
    {% endfor -%}
{%- endmacro %}

{# In the warehouse, in the same transaction, once the engine's rows are in the relation `rows`. #}
{% macro publish_days(report_table, rows) -%}
    {%- set columns = get_quoted_csv(described_columns(report_table)) -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
    {%- set node = models | selectattr('name', 'equalto', report_table) | first -%}
    {{ replace_days(node, 'reporting.' ~ report_table, rows, columns) }}
{%- endmacro %}
