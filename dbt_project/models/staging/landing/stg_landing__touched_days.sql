-- Grain: one row each time that landing queued a day of a report table for a rebuild; days repeat.
select
    report_table,
    organization_id,
    report_day
from {{ source('landing', 'touched_days') }}
