-- Grain: one row per upload of a scan, repeated ones too; a column says if a scan reverts it. Reverts
-- are looked up by key, only if a query needs them: a join or `exists` could read all reverts.
-- PostgreSQL expects that few uploads have a value that `= 1` finds, and a third of them one that `> 0`
-- finds. Few is right, and with a third it joins many scans in a loop.
select
    uploads.scan_id,
    uploads.device_id,
    uploads.device_sequence,
    uploads.event_id,
    uploads.ticket_id,
    uploads.scanned_at,
    least(
        (
            select count(*)
            from {{ ref('int_scanning__scans') }} as reverts
            where reverts.reverts_scan_id = uploads.scan_id and reverts.is_revert
        ), 1
    ) = 1 as is_reverted
from {{ ref('stg_scanning__scans') }} as uploads
