-- Grain: one row per movement of an order line, as summed by report_sales_daily. The order's first
-- movement is looked up only if a query needs it.
select
    movements.organization_id,
    organizations.organization_name,
    movements.event_id,
    {{ event_name('movements') }} as event_name,
    {{ event_attributes('movements') }},
    movements.report_day as date,
    movements.currency,
    movements.movement_id,
    movements.order_id,
    cast(movements.line_no as bigint) as line_no,
    movements.ticket_type_id,
    coalesce(ticket_types.ticket_type_name, cast(movements.ticket_type_id as text)) as ticket_type_name,
    movements.is_admission,
    movements.channel,
    movements.reason,
    movements.occurred_at,
    movements.recorded_at,
    movements.quantity_count,
    movements.sold_count + movements.exchanged_in_count as sold_and_exchanged_count,
    movements.cancelled_count + movements.refunded_count + movements.voided_count
    + movements.exchanged_out_count as returned_count,
    movements.net_list_minor,
    movements.net_discount_minor,
    movements.net_face_value_minor,
    movements.net_fee_minor,
    movements.net_tax_minor,
    {{ amount_of_each(
        'movements.net_list_minor - movements.net_discount_minor', 'movements.quantity_count'
    ) }} as unit_price_minor,
    cast(
        case
            when movements.movement_id = (
                select all_movements.movement_id
                from {{ ref('stg_ticketing__order_line_movements') }} as all_movements
                where all_movements.order_id = movements.order_id
                order by all_movements.occurred_at, all_movements.line_no, all_movements.movement_id
                limit 1
            ) then 1
            else 0
        end as bigint
    ) as order_count,
    {{ figures_of('report_sales_daily', 'movements', but=['order_count']) }}
from {{ ref('int_ticketing__movement_figures') }} as movements
left join {{ ref('stg_ticketing__organizations') }} as organizations
    on movements.organization_id = organizations.organization_id
left join {{ ref('int_ticketing__named_events') }} as events
    on
        movements.event_id = events.event_id
        and {{ known_to('events', 'movements', ref('int_ticketing__former_events')) }}
left join {{ ref('stg_ticketing__events') }} as all_events on movements.event_id = all_events.event_id
left join {{ ref('int_ticketing__named_ticket_types') }} as ticket_types
    on
        movements.ticket_type_id = ticket_types.ticket_type_id
        and {{ known_to('ticket_types', 'movements', ref('int_ticketing__former_events')) }}
