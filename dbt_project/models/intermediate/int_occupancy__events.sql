-- Grain: one row per event with a change of seats or tickets, or an accepted entry, on one of the days to
-- rebuild. The tickets of a day are found by the instants that can be on it in some time zone.
{{ config(materialized='ephemeral') }}
select event_id
from {{ ref('stg_seating__inventory_movements') }}
where {{ in_days('report_day') }}
union
select event_id
from {{ ref('int_ticketing__tickets') }}
where {{ near_days('issued_at') }} and {{ in_days('issued_day') }}
union
select event_id
from {{ ref('int_ticketing__tickets') }}
where {{ near_days('invalidated_at') }} and {{ in_days('invalidated_day') }}
union
select event_id
from {{ ref('stg_scanning__scans') }}
where outcome = 'accepted' and direction = 'entry' and {{ in_days('report_day') }}
