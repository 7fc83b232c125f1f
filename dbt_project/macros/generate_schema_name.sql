{# A model's schema is the one it names, in every environment: databases are told apart, not schemas. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
