-- Orders that are paid at another time, or not any more. A new order has no movement yet.

create temporary table paid_orders on commit drop as
select incoming.id
from incoming_ticketing_orders as incoming
inner join landing.ticketing_orders as landed on incoming.id = landed.id
where landed.paid_at is distinct from incoming.paid_at;

analyze paid_orders;
