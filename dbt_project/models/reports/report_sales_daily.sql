-- Grain: organization_id, event_id, date, currency, ticket_type_id, channel. Counts are units; money
-- in minor units of the order's currency. Source: the order line movements of Ticketing.
with movements as (
    select *
    from {{ ref('int_ticketing__movements_by_order_line') }}
    where {{ in_days('report_day') }}
),

orders_of_movements as (
    select distinct order_id
    from movements
),

ranked_movements as (
    select
        all_movements.movement_id,
        row_number() over (
            partition by all_movements.order_id
            order by all_movements.occurred_at, all_movements.line_no, all_movements.movement_id
        ) as movement_number
    from {{ ref('stg_ticketing__order_line_movements') }} as all_movements
    inner join orders_of_movements on all_movements.order_id = orders_of_movements.order_id
),

first_movements as (
    select movement_id
    from ranked_movements
    where movement_number = 1
),

figures as (
    select
        movements.organization_id,
        movements.event_id,
        movements.report_day,
        movements.currency,
        movements.ticket_type_id,
        movements.channel,
        movements.is_admission,
        count(first_movements.movement_id) as order_count,
        {{ sales_figures() }}
    from movements
    left join first_movements on movements.movement_id = first_movements.movement_id
    group by
        movements.organization_id,
        movements.event_id,
        movements.report_day,
        movements.currency,
        movements.ticket_type_id,
        movements.channel,
        movements.is_admission
)

select
    organization_id,
    event_id,
    report_day as date,
    currency,
    ticket_type_id,
    channel,
    is_admission,
    order_count,
    sold_count,
    comped_count,
    exchanged_in_count,
    cancelled_count,
    refunded_count,
    voided_count,
    exchanged_out_count,
    net_count,
    list_minor,
    discount_minor,
    face_value_minor,
    fee_minor,
    tax_minor,
    gross_minor,
    returned_face_value_minor,
    returned_fee_minor,
    returned_tax_minor,
    returned_gross_minor,
    net_gross_minor
from figures
