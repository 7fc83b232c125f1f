{# When a person runs dbt, the views may be those of another version of the project. The pipeline records
   its own version in a comment; without that comment it creates the views again before it reads them.
   This removes the comment, before and after the run, because the pipeline may write it in between. #}
{% macro mark_views_as_unknown() -%}
    {%- if execute and flags.WHICH in ('run', 'build') and not var('in_pipeline', false)
        and target.type == 'postgres' -%}
    do $$
    begin
        if to_regnamespace('staging') is not null then
            comment on schema staging is null;
        end if;
    end
    $$
    {%- endif -%}
{%- endmacro %}
