{# The sum of a whole number over the rows that meet a condition, 0 where none does. #}
{% macro sum_where(value, condition) -%}
    cast(coalesce(sum(case when {{ condition }} then {{ value }} else 0 end), 0) as bigint)
{%- endmacro %}

{# What one row adds to such a sum: of an itemised dataset, whose columns are sums of one row. #}
{% macro value_where(value, condition) -%}
    cast(case when {{ condition }} then {{ value }} else 0 end as bigint)
{%- endmacro %}

{# The sum of a whole number over all rows, 0 where there are none. #}
{% macro total(value) -%}
    cast(coalesce(sum({{ value }}), 0) as bigint)
{%- endmacro %}

{# A ratio of two whole numbers with 6 decimals, rounded half away from zero from the exact integers;
   null where the divisor is not positive. #}
{% macro ratio(dividend, divisor) -%}
    case
        when {{ divisor }} > 0
            then cast(
                sign({{ dividend }}) * div(
                    2000000 * abs(cast({{ dividend }} as numeric)) + {{ divisor }}, 2 * cast({{ divisor }} as numeric)
                ) / 1000000 as numeric(12, 6)
            )
    end
{%- endmacro %}

{# What the buyer pays for. #}
{% macro buyer_components() -%}
    ('face_value', 'addon', 'donation', 'service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee', 'tax')
{%- endmacro %}

{# The balance of a whole number at the end of each day of an event. #}
{% macro to_date(value) -%}
    cast(sum(coalesce({{ value }}, 0)) over (partition by days.event_id order by days.report_day) as bigint)
{%- endmacro %}
