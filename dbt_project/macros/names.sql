{# The name of the event of each row, also for rows without a single event, such as payouts. It expects
   the named events under the alias `events`. #}
{% macro event_name(rows) -%}
    case when {{ rows }}.event_id is null then '(no single event)' else events.event_name end
{%- endmacro %}
