{# The name of the event of each row, also for rows without a single event, such as payouts. It expects
   the named events under the alias `events`. #}
{% macro event_name(rows) -%}
    case when {{ rows }}.event_id is null then '(no single event)' else events.event_name end
{%- endmacro %}

{# The attributes of the event of each row, from the named events under this alias. #}
{% macro event_attributes(events='events') -%}
    {{ events }}.event_timezone,
    {{ events }}.venue_name,
    {{ events }}.venue_city,
    {{ events }}.venue_country,
    {{ events }}.event_series_name,
    {{ events }}.event_status,
    {{ events }}.event_start,
    {{ events }}.event_end,
    {{ events }}.event_start_day,
    {{ events }}.event_end_day,
    {{ events }}.event_rescheduled_from
{%- endmacro %}

{# An instant as its local day and time: 2026-05-01 19:30. #}
{% macro local_time(instant, zone) -%}
    to_char({{ instant }} at time zone {{ zone }}, 'YYYY-MM-DD HH24:MI')
{%- endmacro %}
