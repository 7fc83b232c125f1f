-- Grain: one row per movement of an order line, with the amount that it adds to each figure of sales:
-- units, and money in minor units of the order's currency. Returns add to figures of their own, as
-- positive numbers; `net_` figures keep the sign.
with movements as (
    select
        movement_id,
        order_id,
        line_no,
        occurred_at,
        recorded_at,
        report_day,
        organization_id,
        event_id,
        currency,
        channel,
        ticket_type_id,
        is_admission,
        reason,
        direction,
        cast(quantity as bigint) as quantity_count,
        list_minor as net_list_minor,
        discount_minor as net_discount_minor,
        face_value_minor as net_face_value_minor,
        fee_minor as net_fee_minor,
        tax_minor as net_tax_minor,
        booked_minor as net_gross_minor
    from {{ ref('int_ticketing__order_line_movements') }}
)

select
    *,
    case when reason = 'sale' then quantity_count else 0 end as sold_count,
    case when reason = 'comp' then quantity_count else 0 end as comped_count,
    case when reason = 'exchange_in' then quantity_count else 0 end as exchanged_in_count,
    case when reason = 'cancel' then -quantity_count else 0 end as cancelled_count,
    case when reason = 'refund' then -quantity_count else 0 end as refunded_count,
    case when reason = 'void' then -quantity_count else 0 end as voided_count,
    case when reason = 'exchange_out' then -quantity_count else 0 end as exchanged_out_count,
    quantity_count as net_count,
    case when direction = 1 then net_list_minor else 0 end as list_minor,
    case when direction = 1 then net_discount_minor else 0 end as discount_minor,
    case when direction = 1 then net_face_value_minor else 0 end as face_value_minor,
    case when direction = 1 then net_fee_minor else 0 end as fee_minor,
    case when direction = 1 then net_tax_minor else 0 end as tax_minor,
    case when direction = 1 then net_gross_minor else 0 end as gross_minor,
    case when direction = -1 then -net_face_value_minor else 0 end as returned_face_value_minor,
    case when direction = -1 then -net_fee_minor else 0 end as returned_fee_minor,
    case when direction = -1 then -net_tax_minor else 0 end as returned_tax_minor,
    case when direction = -1 then -net_gross_minor else 0 end as returned_gross_minor
from movements
