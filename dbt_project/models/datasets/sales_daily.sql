-- Grain: that of report_sales_daily. Its rows, with the names known now; null where unknown.
select
    sales.organization_id,
    organizations.organization_name,
    sales.event_id,
    events.event_name,
    events.event_timezone,
    events.venue_name,
    sales.date,
    sales.currency,
    sales.ticket_type_id,
    ticket_types.ticket_type_name,
    sales.channel,
    sales.is_admission,
    sales.order_count,
    sales.sold_count,
    sales.comped_count,
    sales.exchanged_in_count,
    sales.cancelled_count,
    sales.refunded_count,
    sales.voided_count,
    sales.exchanged_out_count,
    sales.net_count,
    sales.list_minor,
    sales.discount_minor,
    sales.face_value_minor,
    sales.fee_minor,
    sales.tax_minor,
    sales.gross_minor,
    sales.returned_face_value_minor,
    sales.returned_fee_minor,
    sales.returned_tax_minor,
    sales.returned_gross_minor,
    sales.net_gross_minor
from {{ ref('report_sales_daily') }} as sales
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on sales.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events on sales.event_id = events.event_id
left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
    on sales.ticket_type_id = ticket_types.ticket_type_id
