-- Grain: one row per movement of an order line of a known event; other rows are held back.
select
    id as movement_id,
    order_id,
    line_no,
    ticket_type_id,
    reason,
    quantity,
    list_minor,
    discount_minor,
    list_minor - discount_minor as face_value_minor,
    fee_minor,
    tax_minor,
    occurred_at,
    recorded_at,
    report_day
from {{ source('landing', 'ticketing_order_line_movements') }}
where report_day is not null
