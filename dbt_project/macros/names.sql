{# True if an organisation of `rows` knows a named row (of an event, or of something that belongs to one): it
   is the event's organisation, or sold the event before it changed hands (`former`: the relation of
   int_ticketing__former_events). Names of other organisations are never shown. The lookup runs only for
   rows of two organisations. An organisation that Ticketing does not know (`organization` is null) gets no
   report before it lands; until then the names help to find out whose its rows are. #}
{% macro known_to(named, rows, former, organization='organizations.organization_id') -%}
    (
        {{ named }}.organization_id = {{ rows }}.organization_id
        or exists (
            select 1
            from {{ former }} as former_events
            where
                former_events.event_id = {{ named }}.event_id
                and former_events.organization_id = {{ rows }}.organization_id
        )
        or {{ organization }} is null
    )
{%- endmacro %}

{# The name of the event of each row, also for rows without a single event, such as payouts. It expects
   the named events that the organisation knows under the alias `events`, and all events under
   `all_events`: an event of another organisation is shown by its id. #}
{% macro event_name(rows) -%}
    case
        when {{ rows }}.event_id is null then '(no single event)'
        else coalesce(events.event_name, cast(all_events.event_id as text))
    end
{%- endmacro %}

{# The attributes of the event of each row, from the named events under this alias. A series is named to
   its own organisation. #}
{% macro event_attributes(rows, events='events') -%}
    {{ events }}.event_timezone,
    {{ events }}.venue_name,
    {{ events }}.venue_city,
    {{ events }}.venue_country,
    {%- if rows == events %}
    {{ events }}.event_series_name,
    {%- else %}
    case when {{ events }}.series_organization_id = {{ rows }}.organization_id then {{ events }}.event_series_name end
        as event_series_name,
    {%- endif %}
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
