{# True if two uploads are of the same scan: same device, sequence, event, ticket and time. A device's
   counter can begin again, so the device and its counter are not enough. Mostly they are, but PostgreSQL
   would expect that five equal columns are equal in almost no row, and would join many scans in a loop.
   It expects that a `case` is true for every second row. #}
{% macro same_scan(one, other) -%}
    {{ one }}.device_id = {{ other }}.device_id
    and {{ one }}.device_sequence = {{ other }}.device_sequence
    and case
        when
            {{ one }}.event_id = {{ other }}.event_id
            and {{ one }}.scanned_at = {{ other }}.scanned_at
            and {{ one }}.ticket_id is not distinct from {{ other }}.ticket_id
            then true
        else false
    end
{%- endmacro %}
