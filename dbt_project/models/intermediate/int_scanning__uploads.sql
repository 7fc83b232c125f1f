-- Grain: one row per upload of a scan, repeated ones too; a column says if a scan reverts it. Reverts
-- are looked up by key, only if a query needs them: a join or `exists` could read all reverts.
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
