-- Grain: one row per scan that stands, with what it counts as. To be read by ticket, by event or by day:
-- the copies of its upload are looked up, once for a scan, and not at all where nothing of them is asked
-- for: a join to one row of aggregates falls away where none of it is read.
with scans as (
    select
        events.organization_id,
        {{ scan_columns('standing_scans') }},
        standing_scans.ticket_type_id,
        standing_scans.ticket_type_name,
        standing_scans.is_admission,
        standing_scans.is_revert,
        uploads.copy_count,
        standing_scans.outcome = 'accepted'
        and not standing_scans.is_revert
        and uploads.reverted_count > 0 as is_taken_back
    from {{ ref('int_scanning__standing_scans') }} as standing_scans
    inner join {{ ref('stg_ticketing__events') }} as events on standing_scans.event_id = events.event_id
    left join lateral (
        select
            count(*) as copy_count,
            {{ sum_where('1', 'copies.is_reverted') }} as reverted_count
        from {{ ref('int_scanning__copies') }} as copies
        where
            copies.device_id = standing_scans.device_id
            and copies.device_sequence = standing_scans.device_sequence
    ) as uploads on true
)

select
    *,
    {{ scan_judgement() }}
from scans
