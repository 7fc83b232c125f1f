-- Grain: one row per order.
select
    id as order_id,
    organization_id,
    event_id,
    channel,
    status,
    currency,
    paid_at
from {{ source('landing', 'ticketing_orders') }}
