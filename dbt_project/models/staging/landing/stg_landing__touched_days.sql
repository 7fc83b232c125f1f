-- Grain: one row per note of landing that a day of a report table is to be rebuilt; days repeat.
select
    report_table,
    organization_id,
    report_day
from {{ source('landing', 'touched_days') }}
