{# A person's run may make the views of another version of the project. The pipeline writes into a comment
   which version it made; without that comment it makes them again before it reads them. Run at both ends,
   since the pipeline may make its views in between. #}
{% macro mark_views_as_unknown() -%}
    {%- if execute and flags.WHICH in ('run', 'build') and not var('in_pipeline', false) -%}
    do $$
    begin
        if to_regnamespace('staging') is not null then
            comment on schema staging is null;
        end if;
    end
    $$
    {%- endif -%}
{%- endmacro %}
