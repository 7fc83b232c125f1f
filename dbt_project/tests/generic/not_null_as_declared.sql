{#- Rows of a report table with a null in a column that has the constraint `not_null`. -#}
{% test not_null_as_declared(model) %}
select *
from {{ model }}
where
    {%- for name in not_null_columns(model.identifier) %}
    {{ 'or ' if not loop.first }}{{ name }} is null
    {%- else %}
    false
    {%- endfor %}
{% endtest %}
