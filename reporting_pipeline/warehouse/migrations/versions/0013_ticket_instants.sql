-- The occupancy of a day finds the tickets of that day.
create index on landing.ticketing_tickets (issued_at);
create index on landing.ticketing_tickets (invalidated_at);
