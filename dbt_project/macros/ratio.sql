{# A ratio of two whole numbers with 6 decimals, rounded half away from zero from the exact integers;
   null where the divisor is not positive, and where the ratio does not fit into numeric(12,6). #}
{% macro ratio(dividend, divisor) -%}
    {{ adapter.dispatch('ratio')(dividend, divisor) }}
{%- endmacro %}

{% macro default__ratio(dividend, divisor) -%}
    cast(
        case
            when
                {{ divisor }} > 0
                and 2000000 * abs(cast({{ dividend }} as numeric)) + {{ divisor }}
                < 2000000000000 * cast({{ divisor }} as numeric)
                then
                    sign({{ dividend }}) * div(
                        2000000 * abs(cast({{ dividend }} as numeric)) + {{ divisor }}, 2 * cast({{ divisor }} as numeric)
                    ) / 1000000
        end as numeric(12, 6)
    )
{%- endmacro %}

{# A quotient of less than 10^12 millionths; `/` would be a floating-point division here. #}
{% macro duckdb__ratio(dividend, divisor) -%}
    cast(
        case
            when
                {{ divisor }} > 0
                and 2000000 * abs(cast({{ dividend }} as hugeint)) + {{ divisor }}
                < 2000000000000 * cast({{ divisor }} as hugeint)
                then
                    sign({{ dividend }}) * cast(
                        (2000000 * abs(cast({{ dividend }} as hugeint)) + {{ divisor }})
                        // (2 * cast({{ divisor }} as hugeint)) as decimal(13, 0)
                    ) * cast(0.000001 as decimal(7, 6))
        end as decimal(12, 6)
    )
{%- endmacro %}

{% macro spark__ratio(dividend, divisor) -%}
    cast(
        case
            when
                {{ divisor }} > 0
                and 2000000 * abs(cast({{ dividend }} as decimal(19, 0))) + {{ divisor }}
                < 2000000000000 * cast({{ divisor }} as decimal(19, 0))
                then
                    case when {{ dividend }} < 0 then -1 else 1 end * cast(
                        (2000000 * abs(cast({{ dividend }} as decimal(19, 0))) + {{ divisor }})
                        div (2 * cast({{ divisor }} as decimal(19, 0))) as decimal(13, 0)
                    ) * cast('0.000001' as decimal(7, 6))
        end as decimal(12, 6)
    )
{%- endmacro %}

{# An amount of each of so many things, in whole minor units, rounded half away from zero; null of nothing. #}
{% macro amount_of_each(amount, count) -%}
    cast(
        sign({{ amount }}) * sign({{ count }}) * div(
            2 * abs(cast({{ amount }} as numeric)) + abs({{ count }}), nullif(2 * abs({{ count }}), 0)
        ) as bigint
    )
{%- endmacro %}
