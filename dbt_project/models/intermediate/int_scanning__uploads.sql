-- Grain: one row per upload of a scan, repeated ones too, with whether a scan takes it back. That is looked
-- up by key, and only where it is asked for: a join or `exists` may read all reverts that there ever were.
select
    uploads.scan_id,
    uploads.device_id,
    uploads.device_sequence,
    (
        select count(*)
        from {{ ref('int_scanning__scans') }} as reverts
        where reverts.reverts_scan_id = uploads.scan_id and reverts.is_revert
    ) > 0 as is_reverted
from {{ ref('stg_scanning__scans') }} as uploads
