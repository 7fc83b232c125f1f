-- Tickets and movements of the inventory that count in another way, or in another section.

create temporary table occupancy_tickets on commit drop as
select incoming.id
from incoming_ticketing_tickets as incoming
left join landing.ticketing_tickets as landed on incoming.id = landed.id
where
    (
        landed.event_id, landed.section_id, landed.ticket_type_id, landed.is_comp, landed.issued_at,
        landed.invalidated_at
    )
    is distinct from
    (
        incoming.event_id, incoming.section_id, incoming.ticket_type_id, incoming.is_comp,
        incoming.issued_at, incoming.invalidated_at
    )
union
select changed_tickets.id
from changed_tickets
union
select attendance_tickets.id
from attendance_tickets
union
select landed.id
from landing.ticketing_tickets as landed
inner join changed_events on landed.event_id = changed_events.id;

create temporary table occupancy_movements on commit drop as
select incoming.id
from incoming_seating_inventory_movements as incoming
union
select landed.id
from landing.seating_inventory_movements as landed
inner join changed_events on landed.event_id = changed_events.id;

analyze occupancy_tickets, occupancy_movements;
