-- Grain: one row per copy of an upload, repeated ones too, with whether a scan that stands takes it back,
-- which is looked up by key and only where it is asked for.
select
    copies.scan_id,
    copies.device_id,
    copies.device_sequence,
    exists(
        select 1
        from {{ ref('int_scanning__standing_scans') }} as reverts
        where reverts.reverts_scan_id = copies.scan_id and reverts.is_revert
    ) as is_reverted
from {{ ref('stg_scanning__scans') }} as copies
