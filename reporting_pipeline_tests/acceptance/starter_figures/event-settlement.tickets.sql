with movements as (
    select
        t.id as type_id,
        t.name,
        o.currency,
        m.reason,
        m.quantity,
        m.list_minor - m.discount_minor as face_value,
        m.fee_minor as fee,
        m.tax_minor as tax,
        m.list_minor - m.discount_minor + m.fee_minor + m.tax_minor as gross,
        m.quantity > 0 or (m.quantity = 0 and m.fee_minor + m.tax_minor > 0) as is_given,
        round((m.list_minor - m.discount_minor)::numeric / nullif(m.quantity, 0))::bigint as unit_price
    from landing.ticketing_order_line_movements as m
    inner join landing.ticketing_orders as o on m.order_id = o.id
    inner join landing.ticketing_ticket_types as t on m.ticket_type_id = t.id
    where
        o.organization_id = %(organization_id)s and o.event_id = %(event_id)s
        and m.report_day < %(end)s
)

select
    name,
    unit_price,
    currency,
    coalesce(sum(quantity) filter (where reason in ('sale', 'exchange_in')), 0),
    coalesce(-sum(quantity) filter (where quantity < 0), 0),
    coalesce(sum(quantity) filter (where reason = 'comp'), 0),
    coalesce(sum(face_value) filter (where is_given), 0),
    coalesce(sum(fee) filter (where is_given), 0),
    coalesce(sum(tax) filter (where is_given), 0),
    coalesce(sum(gross) filter (where is_given), 0),
    coalesce(-sum(gross) filter (where not is_given), 0),
    sum(gross)
from movements
group by type_id, name, unit_price, currency
order by currency, name collate "C", type_id, unit_price desc nulls last
