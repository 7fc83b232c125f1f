{# A list of one id. #}
{% macro list_of_one(id) -%}
    {{ adapter.dispatch('list_of_one')(id) }}
{%- endmacro %}

{% macro default__list_of_one(id) -%}
    array[{{ id }}]
{%- endmacro %}

{% macro spark__list_of_one(id) -%}
    array({{ id }})
{%- endmacro %}

{# The ids of the rows of a group in order, as an aggregate. #}
{% macro ids_in_order(id, distinct=false) -%}
    {{ adapter.dispatch('ids_in_order')(id, distinct) }}
{%- endmacro %}

{% macro default__ids_in_order(id, distinct) -%}
    array_agg({{ 'distinct ' if distinct }}{{ id }} order by {{ id }})
{%- endmacro %}

{% macro spark__ids_in_order(id, distinct) -%}
    sort_array({{ 'collect_set' if distinct else 'collect_list' }}({{ id }}))
{%- endmacro %}

{# The first row of each group, with the column `group` and further ones. Called with the FROM clause. #}
{% macro first_rows(group, columns, order) -%}
    {{ adapter.dispatch('first_rows')(group, columns, order, caller()) }}
{%- endmacro %}

{% macro default__first_rows(group, columns, order, from_clause) -%}
    select distinct on ({{ group }})
        {{ group }},
        {{ columns | join(',\n        ') }}
    {{ from_clause }}
    order by
        {{ group }},
        {{ order | join(',\n        ') }}
{%- endmacro %}

{% macro spark__first_rows(group, columns, order, from_clause) -%}
    select
        {{ group }}
        {%- for column in columns %},
        min_by({{ column }}, struct({{ order | join(', ') }})) as {{ column.split('.') | last }}
        {%- endfor %}
    {{ from_clause }}
    group by {{ group }}
{%- endmacro %}

{# True if the engine looks up the sums of each row in a lateral subquery; if not, a model joins sums. #}
{% macro sums_by_lookup() -%}
    {{ return(adapter.dispatch('sums_by_lookup')()) }}
{%- endmacro %}

{% macro default__sums_by_lookup() -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__sums_by_lookup() -%}
    {{ return(false) }}
{%- endmacro %}

{# Something that each group has of its own, to partition windows by; a number is the shortest. #}
{% macro group_id(columns) -%}
    {{ adapter.dispatch('group_id')(columns) }}
{%- endmacro %}

{% macro default__group_id(columns) -%}
    row_number() over (order by {{ columns[0] }})
{%- endmacro %}

{# To number all groups, Spark would bring all of them to one machine. #}
{% macro spark__group_id(columns) -%}
    concat_ws(' ', '{{ columns | length }}'
    {%- for column in columns %}, coalesce({{ column }}, '-'){% endfor -%}
    )
{%- endmacro %}
