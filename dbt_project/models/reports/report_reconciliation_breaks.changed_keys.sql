-- Orders with a new movement, a changed transaction, or a change of the order or its event.

create temporary table breaks_orders on commit drop as
select incoming.order_id as id
from incoming_ticketing_order_line_movements as incoming
union
select changed_orders.id
from changed_orders
union
select redated_orders.id
from redated_orders
union
select transaction.order_id
from changed_transactions
inner join landing.ledger_transactions as transaction on changed_transactions.id = transaction.id
where transaction.order_id is not null
union
select transaction.order_id
from changed_transactions
inner join incoming_ledger_transactions as transaction on changed_transactions.id = transaction.id
where transaction.order_id is not null;

analyze breaks_orders;
