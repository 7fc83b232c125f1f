{# A model's schema is the one that it names, in every environment: environments differ in the database. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
