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
