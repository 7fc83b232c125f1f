{# What order line movements say of sales, each figure defined once: every column of
   `report_sales_daily` that is a sum over movements, orders apart. It expects
   `int_ticketing__movements_by_order_line` under the alias `movements`. `figure` is `sum_where`, or
   `value_where` for what one movement adds to the sum. #}
{% macro sales_figures(figure=sum_where) -%}
    {{ figure('movements.quantity', "movements.reason = 'sale'") }} as sold_count,
    {{ figure('movements.quantity', "movements.reason = 'comp'") }} as comped_count,
    {{ figure('movements.quantity', "movements.reason = 'exchange_in'") }} as exchanged_in_count,
    {{ figure('-movements.quantity', "movements.reason = 'cancel'") }} as cancelled_count,
    {{ figure('-movements.quantity', "movements.reason = 'refund'") }} as refunded_count,
    {{ figure('-movements.quantity', "movements.reason = 'void'") }} as voided_count,
    {{ figure('-movements.quantity', "movements.reason = 'exchange_out'") }} as exchanged_out_count,
    {{ figure('movements.quantity', 'true') }} as net_count,
    {{ figure('movements.list_minor', 'movements.direction = 1') }} as list_minor,
    {{ figure('movements.discount_minor', 'movements.direction = 1') }} as discount_minor,
    {{ figure('movements.face_value_minor', 'movements.direction = 1') }} as face_value_minor,
    {{ figure('movements.fee_minor', 'movements.direction = 1') }} as fee_minor,
    {{ figure('movements.tax_minor', 'movements.direction = 1') }} as tax_minor,
    {{ figure('movements.booked_minor', 'movements.direction = 1') }} as gross_minor,
    {{ figure('-movements.face_value_minor', 'movements.direction = -1') }} as returned_face_value_minor,
    {{ figure('-movements.fee_minor', 'movements.direction = -1') }} as returned_fee_minor,
    {{ figure('-movements.tax_minor', 'movements.direction = -1') }} as returned_tax_minor,
    {{ figure('-movements.booked_minor', 'movements.direction = -1') }} as returned_gross_minor,
    {{ figure('movements.booked_minor', 'true') }} as net_gross_minor
{%- endmacro %}
