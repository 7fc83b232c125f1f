{#- Rows of a model that share a key; nulls are equal. Without columns, the key of the report table in the
    YAML is used. -#}
{% test key_is_unique(model, columns=none) %}
{%- set key = (columns or column_names(model.identifier, ['key'])) | join(', ') or '1' %}
select
    {{ key }},
    count(*) as row_count
from {{ model }}
group by {{ key }}
having count(*) > 1
{% endtest %}
