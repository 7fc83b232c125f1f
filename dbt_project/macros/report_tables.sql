{# The structure of the report tables. A run without days creates missing tables and upgrades existing
   ones to the YAML: new columns, key, index, comments. A run that builds days changes no structure, so
   builds of different days do not wait for each other. #}

{# After a run without days: the unique key, in which nulls are equal; the index by event; and the
   constraints `not null`. The key begins with the date, so it also serves the rebuild and the export of
   a day. A new column is null on the days that were built before: these days are queued for a rebuild,
   and the constraint follows afterwards. A column that may be null now loses its constraint. #}
{% macro keep_structure() -%}
    {%- if execute and not var('days', []) -%}
    {%- set key = column_names(model.name, ['key']) | reject('equalto', 'date') | join(', ') -%}
    do $$
    declare
        new_column text;
        nullable_column text;
        is_unbuilt boolean;
    begin
        if to_regclass('{{ this.schema }}.{{ this.identifier }}_key') is null then
            alter table {{ this }} add constraint {{ this.identifier }}_key
                unique nulls not distinct (date, {{ key }});
        end if;
        create index if not exists {{ this.identifier }}_event_id_date_idx on {{ this }} (event_id, date);
        {{ keep_fault_index(this, model) }}
        {{ keep_balances(this, model) }}
        {{ keep_rows_apart(this, model) }}
        for nullable_column in
            select attname
            from pg_attribute
            where
                attrelid = cast('{{ this }}' as regclass)
                and attnum > 0
                and attnotnull
                and attname not in ('{{ not_null_columns(model.name) | join("', '") }}')
        loop
            execute format('alter table {{ this }} alter column %I drop not null', nullable_column);
        end loop;
        for new_column in
            select attname
            from pg_attribute
            where
                attrelid = cast('{{ this }}' as regclass)
                and not attnotnull
                and attname in ('{{ not_null_columns(model.name) | join("', '") }}')
        loop
            execute format('select exists(select 1 from {{ this }} where %I is null)', new_column)
                into is_unbuilt;
            if is_unbuilt then
                insert into landing.touched_days
                    (report_table, organization_id, event_id, report_day, touched_at)
                select distinct '{{ this.identifier }}', organization_id, event_id, date, now()
                from {{ this }};
            else
                execute format('alter table {{ this }} alter column %I set not null', new_column);
            end if;
        end loop;
    end
    $$
    {%- endif -%}
{%- endmacro %}

{# Makes an index of the faults of each organisation. Only a table with a column that separates faults from
   warnings gets it. Lists of open faults read this index. #}
{% macro keep_fault_index(target, node) -%}
    {%- for column in described_columns(node.name).values() if column.config.meta.warnings -%}
    create index if not exists {{ node.name }}_faults_idx on {{ target }} (organization_id, date)
        where {{ column.name }} not in ('{{ column.config.meta.warnings | join("', '") }}');
    {%- endfor -%}
{%- endmacro %}

{# Only a run without days writes comments, because each comment locks its table. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if not var('days', []) -%}
        {%- do default__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- endif -%}
{%- endmacro %}

{# A run that builds days does not change the columns of its tables. #}
{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') -%}
    {{ return('ignore' if var('days', []) else on_schema_change) }}
{%- endmacro %}
