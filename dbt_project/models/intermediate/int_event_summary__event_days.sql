-- Grain: one row per event and report day to rebuild on which the event has a summary: a movement, an
-- entry of its own organisation, a scan, a change of its seats, its end, or the 30th day after.
{{ config(materialized='ephemeral') }}
select
    event_id,
    report_day
from {{ ref('int_ticketing__order_line_movements') }}
where {{ in_days('report_day') }}
union
select
    entries.event_id,
    entries.report_day
from {{ ref('int_ledger__entries') }} as entries
inner join {{ ref('stg_ticketing__events') }} as events
    on entries.event_id = events.event_id and entries.organization_id = events.organization_id
where {{ in_days('entries.report_day') }} and {{ in_days('entries.transaction_report_day') }}
union
select
    items.event_id,
    items.report_day
from {{ ref('int_ledger__payout_items') }} as items
inner join {{ ref('stg_ticketing__events') }} as events
    on items.event_id = events.event_id and items.organization_id = events.organization_id
where items.is_counted and {{ in_days('items.report_day') }} and {{ in_days('items.transaction_report_day') }}
union
select
    event_id,
    report_day
from {{ ref('stg_scanning__scans') }}
where {{ in_days('report_day') }}
union
select
    event_id,
    report_day
from {{ ref('stg_seating__inventory_movements') }}
where {{ in_days('report_day') }}
union
select
    event_id,
    end_day
from {{ ref('stg_ticketing__events') }}
where {{ in_days('end_day') }}
union
select
    event_id,
    final_day
from {{ ref('stg_ticketing__events') }}
where {{ in_days('final_day') }}
