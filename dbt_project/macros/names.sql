{# The name of the event that some rows stand for, those of no single event among them: payouts say. It
   expects the named events under the alias `events`. #}
{% macro event_name(rows) -%}
    case when {{ rows }}.event_id is null then '(no single event)' else events.event_name end
{%- endmacro %}
