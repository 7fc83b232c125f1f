-- Grain: organization_id, event_id, date, currency, ticket_type_id, channel. Counts are units; money
-- in minor units of the order's currency. Source: the order line movements of Ticketing.
with movements as (
    select *
    from {{ ref('int_ticketing__movement_figures') }}
    where {{ in_days('report_day') }}
),

-- An order counts where its first movement is, which may be on another day.
orders_of_movements as (
    select distinct order_id
    from movements
),

first_movements as (
    {% call first_rows(
        'all_movements.order_id',
        ['all_movements.movement_id'],
        ['all_movements.occurred_at', 'all_movements.line_no', 'all_movements.movement_id']
    ) %}
    from orders_of_movements
    inner join {{ ref('stg_ticketing__order_line_movements') }} as all_movements
        on orders_of_movements.order_id = all_movements.order_id
    {% endcall %}
)

select
    movements.organization_id,
    movements.event_id,
    movements.report_day as date,
    movements.currency,
    movements.ticket_type_id,
    movements.channel,
    movements.is_admission,
    count(first_movements.movement_id) as order_count,
    {{ sums_of('report_sales_daily', 'movements', but=['order_count']) }}
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
