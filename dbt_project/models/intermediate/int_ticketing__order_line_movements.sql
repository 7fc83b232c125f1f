-- Grain: one row per movement of an order line, with columns of its order, event and ticket type.
-- `direction` is 1 for a charge, -1 for a repayment, 0 for a fee of 0.
select
    movements.movement_id,
    movements.order_id,
    movements.line_no,
    movements.occurred_at,
    movements.recorded_at,
    movements.report_day,
    orders.organization_id,
    orders.event_id,
    orders.currency,
    orders.channel,
    movements.ticket_type_id,
    ticket_types.is_admission,
    movements.reason,
    movements.quantity,
    case
        when movements.quantity <> 0 then cast(sign(movements.quantity) as integer)
        else cast(sign(movements.fee_minor + movements.tax_minor) as integer)
    end as direction,
    movements.list_minor,
    movements.discount_minor,
    movements.face_value_minor,
    movements.fee_minor,
    movements.tax_minor,
    movements.face_value_minor + movements.fee_minor + movements.tax_minor as booked_minor
from {{ ref('stg_ticketing__order_line_movements') }} as movements
inner join {{ ref('stg_ticketing__orders') }} as orders on movements.order_id = orders.order_id
inner join {{ ref('stg_ticketing__events') }} as events on orders.event_id = events.event_id
inner join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on movements.ticket_type_id = ticket_types.ticket_type_id
