-- Grain: one row per upload of a scan at a known event; other rows are held back. Includes repeated
-- uploads. `is_revert`: the row reverts another scan.
select
    id as scan_id,
    event_id,
    gate_id,
    device_id,
    device_sequence,
    ticket_id,
    direction,
    outcome,
    reject_reason,
    is_offline,
    scanned_at,
    received_at,
    reverts_scan_id,
    outcome = 'accepted' and reverts_scan_id is not null as is_revert,
    report_day
from {{ source('landing', 'scanning_scans') }}
where report_day is not null
