{#- Rows of a model that share a key; nulls are equal. -#}
{% test key_is_unique(model, columns) %}
select
    {{ columns | join(",\n    ") }},
    count(*) as row_count
from {{ model }}
group by
    {{ columns | join(",\n    ") }}
having count(*) > 1
{% endtest %}
