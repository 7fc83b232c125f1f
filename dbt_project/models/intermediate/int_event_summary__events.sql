-- Grain: one row per event that has a summary on one of the days to rebuild.
{{ config(materialized='ephemeral') }}
select
    event_id,
    organization_id,
    currency,
    event_timezone,
    day_cutoff,
    end_day,
    final_day
from {{ ref('stg_ticketing__events') }}
where event_id in (select event_days.event_id from {{ ref('int_event_summary__event_days') }} as event_days)
